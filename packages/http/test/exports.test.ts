import { expect, test } from "vitest";

const server = [
  "BodyTooLargeError",
  "answerFailures",
  "guard",
  "isBodyTooLargeError",
  "isReady",
  "limitBody",
  "problemResponse",
  "rateLimitFields",
  "toFetchHandler",
  "untilBodyEnds",
];

const client = [
  "NetworkError",
  "StatusError",
  "failOnStatus",
  "fetchService",
  "httpClient",
  "isNetworkError",
  "isReplayable",
  "isStatusError",
  "isTransient",
  "parseRetryAfter",
  "propagate",
  "replay",
  "retryAfterOf",
  "retryIdempotent",
  "toFetch",
];

test.each<readonly [entry: string, names: readonly string[]]>([
  ["@sluice/http", [...server, ...client]],
  [
    "@sluice/http/node",
    ["ClientGoneError", "drain", "guard", "harden", "isClientGoneError", "serverOptions", "signalOf"],
  ],
  ["@sluice/http/fastify", ["guard", "signalOf"]],
  ["@sluice/http/hono", ["guard"]],
  ["@sluice/http/undici", ["undiciService"]],
])("%s exports these names and no others", async (entry, names) => {
  const module = (await import(entry)) as Readonly<Record<string, unknown>>;
  expect(Object.keys(module).sort()).toEqual([...names].sort());
});

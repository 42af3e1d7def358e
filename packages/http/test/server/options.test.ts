import { ServiceBuilder, serviceFn } from "@sluice/core";
import { revoked } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import {
  answerFailures,
  guard,
  limitBody,
  problemResponse,
  rateLimitFields,
  toFetchHandler,
  untilBodyEnds,
} from "../../src/index.ts";

const service = serviceFn(async (_request: Request) => new Response());
const wrong = (value: unknown): never => value as never;

describe("bad options are refused at once, by name", () => {
  test.each<readonly [message: string, make: () => unknown]>([
    [
      "toFetchHandler: service must be a service (with tryReady, ready, call); received 5",
      () => toFetchHandler(wrong(5) as typeof service),
    ],
    ["toFetchHandler: wait must be true or false; received 1", () => toFetchHandler(service, { wait: wrong(1) })],
    ["toFetchHandler: onError must be a function; received 5", () => toFetchHandler(service, { onError: wrong(5) })],
    [
      "toFetchHandler: waitUntil must be a function; received 5",
      () => toFetchHandler(service, { waitUntil: wrong(5) }),
    ],
    ["toFetchHandler: Response must be a function; received 5", () => toFetchHandler(service, { Response: wrong(5) })],
    [
      'toFetchHandler: timeoutHeader must be the name of a header; received "a b"',
      () => toFetchHandler(service, { timeoutHeader: "a b" }),
    ],
    [
      "timeoutHeader must be a non-empty string; received true",
      () => toFetchHandler(service, { timeoutHeader: wrong(true) }),
    ],
    ["retryAfter must be a number of 0 or more", () => toFetchHandler(service, { retryAfter: -1 })],
    [
      "retryAfter must be a time in ms, or { min, max } with min at most max; received an object with min 2 and max 1",
      () => toFetchHandler(service, { retryAfter: { min: 2, max: 1 } }),
    ],
    [
      "received an object with min 1 and max undefined",
      () => toFetchHandler(service, { retryAfter: wrong({ min: 1 }) }),
    ],
    ["retryAfter must be a number", () => toFetchHandler(service, { retryAfter: wrong(null) })],
    [
      "answers must be functions by code; received an object whose X is 5",
      () => toFetchHandler(service, { answers: wrong({ X: 5 }) }),
    ],
    ["answers must be an object; received 5", () => toFetchHandler(service, { answers: wrong(5) })],
    [
      "answers must be functions by code; received an object that cannot be read",
      () => toFetchHandler(service, { answers: wrong(revoked()) }),
    ],
    ["waits is not an option; did you mean wait?", () => toFetchHandler(service, wrong({ waits: true }))],
    [
      "guard: stack must be a stack of layers, new ServiceBuilder().layer(…) (with serviceFn); received 5",
      () => guard(wrong(5) as ServiceBuilder, () => new Response()),
    ],
    ["import guard from @sluice/http/node", () => guard(new ServiceBuilder(), wrong(undefined) as () => Response)],
    ["guard: handler must be a function; received 5", () => guard(new ServiceBuilder(), wrong(5) as () => Response)],
    ["answerFailures: wait must be true or false; received 1", () => answerFailures({}, { wait: wrong(1) })],
    ["answerFailures: Response must be a function; received 5", () => answerFailures({}, { Response: wrong(5) })],
    ["limitBody: bytes must be a whole number of 0 or more; received 1.5", () => limitBody(1.5)],
    ["untilBodyEnds: sent must be a function; received 5", () => untilBodyEnds({ sent: wrong(5) })],
    ["rateLimitFields: rate must be an object; received 5", () => rateLimitFields({ rate: wrong(5) })],
    ["rateLimitFields: rate.available must be a number", () => rateLimitFields({ rate: wrong({}) })],
    ["rateLimitFields: limit must be a number", () => rateLimitFields({ rate: { available: 1 } })],
    [
      "rateLimitFields: interval must be a number above 0",
      () => rateLimitFields({ rate: () => undefined, interval: 0 }),
    ],
    [
      "problemResponse: problem.status must be a whole number of 400 or more and at most 599; received 200",
      () => problemResponse({ status: 200 }),
    ],
    ["problemResponse: problem must be an object; received 5", () => problemResponse(wrong(5))],
    ["problemResponse: problem.title must be a non-empty string", () => problemResponse({ status: 500, title: "" })],
    [
      "problem.headers must be names and values of HTTP; received an object whose a b is",
      () => problemResponse({ status: 500, headers: { "a b": "1" } }),
    ],
    ["received an object whose a is", () => problemResponse({ status: 500, headers: { a: "1\r\nb: 2" } })],
    ["problem.extensions must be values of JSON", () => problemResponse({ status: 500, extensions: { n: 1n } })],
    ["problem.extensions must be an object", () => problemResponse({ status: 500, extensions: wrong("x") })],
  ])("%s", (message, make) => {
    expect(make).toThrow(message);
  });

  test("an answer that is left out is none", () => {
    expect(() => toFetchHandler(service, { answers: { ERR_SLUICE_TIMEOUT: undefined } })).not.toThrow();
  });
});

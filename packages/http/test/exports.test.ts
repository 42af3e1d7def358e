import { expect, test } from "vitest";
import * as httpPackage from "../src/index.ts";

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

test("the package exports these names and no others", () => {
  expect(Object.keys(httpPackage).sort()).toEqual([...client, "http"].sort());
});

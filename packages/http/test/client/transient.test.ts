import { OverloadedError } from "@sluice/core";
import { brand } from "@sluice/core/kit";
import { describe, expect, test } from "vitest";
import { isTransient, NetworkError, retryIdempotent, StatusError } from "../../src/index.ts";

class TimeoutError extends Error {}
brand(TimeoutError, { name: "TimeoutError" });

const status = (code: number, headers = {}) => new StatusError(new Response(null, { status: code, headers }));
const url = "http://a/";

function attempt(reason: unknown, method = "GET") {
  return { request: { url, method }, outcome: { status: "rejected", reason } } as const;
}

describe("what may pass by itself", () => {
  test.each([
    new NetworkError(),
    new TimeoutError(),
    ...[408, 425, 429, 500, 502, 503, 504, 507].map((code) => status(code)),
    // What a `failOnStatus` of one's own calls a failure, and no client has caused.
    ...[200, 202, 304].map((code) => status(code)),
  ])("%s", (error) => {
    expect(isTransient(error)).toBe(true);
    expect(retryIdempotent.retryIf(attempt(error))).toBe(true);
  });

  test.each([
    status(501),
    status(505),
    // What the client has to change first, where `failOnStatus((response) => !response.ok)` makes a failure of it.
    ...[400, 401, 403, 404, 409, 410, 422].map((code) => status(code)),
    new OverloadedError(),
    new TypeError("x"),
    new DOMException("", "TimeoutError"),
    null,
  ])("and what not: %s", (error) => {
    expect(isTransient(error)).toBe(false);
    expect(retryIdempotent.retryIf(attempt(error))).toBe(false);
  });
});

describe("promise 16: POST is not sent again without Idempotency-Key", () => {
  test("whatever has failed", () => {
    for (const error of [new NetworkError(), status(503), new TimeoutError()]) {
      expect(retryIdempotent.retryIf(attempt(error, "POST"))).toBe(false);
      const request = { url, method: "POST", headers: { "idempotency-key": "7" } };
      expect(retryIdempotent.retryIf({ request, outcome: { status: "rejected", reason: error } })).toBe(true);
    }
  });

  test("nor is anything that was answered", () => {
    const value = new Response(null, { status: 503 });
    expect(retryIdempotent.retryIf({ request: { url }, outcome: { status: "fulfilled", value } })).toBe(false);
    expect(retryIdempotent.retryAfter({ request: { url }, outcome: { status: "fulfilled", value } })).toBeUndefined();
  });
});

test("it waits for as long as the other side says", () => {
  expect(retryIdempotent.retryAfter(attempt(status(503, { "retry-after": "7" })))).toBe(7_000);
  expect(retryIdempotent.retryAfter(attempt(status(503)))).toBeUndefined();
  expect(retryIdempotent.retryAfter(attempt(new NetworkError()))).toBeUndefined();
});

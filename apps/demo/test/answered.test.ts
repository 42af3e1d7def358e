import { BufferClosedError } from "@sluice/buffer";
import { OverloadedError, raises, serviceFn } from "@sluice/core";
import { TimeoutError } from "@sluice/timeout";
import { FilteredError } from "@sluice/util";
import { RouteNotFoundError } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import { answered, type Failure } from "../src/gateway/answered.ts";
import type { GatewayRequest } from "../src/gateway/gateway-request.ts";
import { UpstreamError } from "../src/gateway/upstream-error.ts";

const request: GatewayRequest = { method: "GET", route: "quote", id: "1", client: undefined, isImportant: false };

function answerTo(failure: Failure) {
  return answered(serviceFn(() => Promise.reject(failure), raises<Failure>())).call(request);
}

describe("at the HTTP boundary", () => {
  test.each([
    ["a queue is full", new OverloadedError("buffer"), 503],
    ["a rate is exceeded", new OverloadedError("rateLimit", { reason: "rate", retryAfter: 20 }), 429],
    ["the gateway is draining", new BufferClosedError(), 503],
    ["it took too long", new TimeoutError("call", 100), 504],
    ["there is no such route", new RouteNotFoundError("nowhere"), 404],
    ["the request makes no sense", new FilteredError(), 400],
    ["the backend fails", new UpstreamError(503), 502],
    ["the backend cannot be reached", new UpstreamError(undefined), 502],
  ])("when %s, says so with a status, and a problem in the body", async (_when, failure, status) => {
    const answer = await answerTo(failure);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ status });
  });

  test("what the backend answered is in the problem, where it answered", async () => {
    expect(await (await answerTo(new UpstreamError(503))).json()).toMatchObject({
      detail: "The backend answered 503.",
    });
  });

  test("an answer passes as it is", async () => {
    const answer = new Response("{}");
    expect(await answered(serviceFn(() => answer)).call(request)).toBe(answer);
  });

  test("a failure that nobody declared is not hidden behind a status", async () => {
    const bug = new TypeError("a bug");
    const service = answered(
      serviceFn(() => {
        throw bug;
      }),
    );
    await expect(service.call(request)).rejects.toBe(bug);
  });
});

import { BufferClosedError } from "@sluice/buffer";
import { OverloadedError, raises, serviceFn } from "@sluice/core";
import { TimeoutError } from "@sluice/timeout";
import { FilteredError } from "@sluice/util";
import { RouteNotFoundError } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import type { GatewayRequest } from "../src/gateway/gateway-request.ts";
import { type Failure, httpEdge, secondsToWait } from "../src/gateway/http-edge.ts";
import { UpstreamError } from "../src/gateway/upstream-error.ts";

const request: GatewayRequest = { method: "GET", route: "quote", id: "1", traceparent: undefined, patience: undefined };

function answerTo(failure: Failure) {
  return httpEdge(serviceFn(() => Promise.reject(failure), raises<Failure>())).call(request);
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
  ])("when %s", async (_when, failure, status) => {
    expect((await answerTo(failure)).status).toBe(status);
  });

  test("what is refused says when to come back, in whole seconds, rounded up", async () => {
    expect(
      (await answerTo(new OverloadedError("rateLimit", { reason: "rate", retryAfter: 1001 }))).headers["retry-after"],
    ).toBe("2");
    expect((await answerTo(new OverloadedError("buffer"))).headers["retry-after"]).toBe("1");
    expect((await answerTo(new BufferClosedError())).headers["retry-after"]).toBe("1");
    expect(secondsToWait(0)).toBe(1);
    expect(secondsToWait(1000)).toBe(1);
  });

  test("an answer passes as it is", async () => {
    const answer = { status: 200, headers: {}, body: "{}" };
    expect(await httpEdge(serviceFn(() => answer)).call(request)).toBe(answer);
  });

  test("a failure that nobody declared is not hidden behind a status", async () => {
    const bug = new TypeError("a bug");
    const edge = httpEdge(
      serviceFn(() => {
        throw bug;
      }),
    );
    await expect(edge.call(request)).rejects.toBe(bug);
  });
});

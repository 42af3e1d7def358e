import { ServiceBuilder, serviceFn } from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fetchService, type HttpRequest, isNetworkError, propagate, type PropagateOptions } from "../../src/index.ts";
import { failureOf, loopback } from "@sluice/test-kit";

const url = "http://127.0.0.1/";

/** What arrives inside. */
function arriving(options?: PropagateOptions, clock = new VirtualClock()) {
  const service = new ServiceBuilder()
    .layer(propagate({ clock, ...options }))
    .service(serviceFn((request: HttpRequest) => request));
  const ask = async (request: HttpRequest, left?: number) =>
    service.call(request, left === undefined ? {} : { deadline: clock.now() + left });
  const headersOf = async (request: HttpRequest, left?: number) => new Headers((await ask(request, left)).headers);
  return { ask, headersOf };
}

describe("promise 19: the time that is left", () => {
  test("goes out in whole milliseconds, as x-timeout-ms", async () => {
    const { headersOf } = arriving();
    expect((await headersOf({ url }, 1_500)).get("x-timeout-ms")).toBe("1500");
  });

  test("under a name of one's own, or not at all", async () => {
    const named = arriving({ timeoutHeader: "Connect-Timeout-Ms" });
    expect([...(await named.headersOf({ url }, 10)).keys()]).toEqual(["connect-timeout-ms"]);
    const silent = arriving({ timeoutHeader: false, headers: () => ({ "x-id": "7" }) });
    expect([...(await silent.headersOf({ url }, 10)).keys()]).toEqual(["x-id"]);
  });

  test("is never more than what is left, and never less than nothing", async () => {
    const left = fc.double({ min: -1e6, max: 2 ** 31 - 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(left, fc.nat(10_000), fc.double({ min: 0, max: 1e9, noNaN: true }), async (ms, margin, now) => {
        const clock = new VirtualClock();
        await clock.advance(now);
        const { headersOf } = arriving({ margin }, clock);
        const said = (await headersOf({ url }, ms)).get("x-timeout-ms")!;
        expect(said).toMatch(/^\d{1,10}$/);
        expect(Number(said)).toBeLessThanOrEqual(Math.max(0, clock.now() + ms - clock.now() - margin));
        expect(Number(said)).toBeGreaterThan(ms - margin - 1.001);
      }),
    );
  });

  test("takes the place of what an earlier request said", async () => {
    const { headersOf } = arriving();
    expect((await headersOf({ url, headers: { "X-Timeout-Ms": "99999" } }, 10)).get("x-timeout-ms")).toBe("10");
  });

  test.each([undefined, Number.POSITIVE_INFINITY])(
    "with the deadline %s nothing is said, and nothing copied",
    async (left) => {
      const { ask } = arriving();
      const request = { url, headers: { "x-id": "7" } };
      expect(await ask(request, left)).toBe(request);
    },
  );

  test("with a deadline of another clock the call fails, and nothing is sent", async () => {
    const { ask } = arriving();
    expect(await failureOf(ask({ url }, Date.now()))).toBeInstanceOf(RangeError);
  });
});

describe("the headers of the caller", () => {
  test("are added to the request's own, in their place where the names are the same", async () => {
    const { ask } = arriving({ headers: () => ({ "X-Id": "8", "x-none": undefined }) });
    const request = {
      url,
      method: "PUT",
      headers: [["x-id", "7"] as [string, string], ["accept", "*/*"] as [string, string]],
      body: "b",
    };
    const sent = await ask(request);
    expect([...new Headers(sent.headers)]).toEqual([
      ["accept", "*/*"],
      ["x-id", "8"],
    ]);
    expect(sent).toMatchObject({ url, method: "PUT", body: "b" });
    expect(request.headers[0]).toEqual(["x-id", "7"]);
  });

  test("are added to a Request, which keeps all the rest", async () => {
    const { ask } = arriving({ headers: ({ url: where }) => ({ "x-where": String(where) }) });
    const { signal, abort } = controlled();
    const request = new Request(url, {
      method: "PUT",
      headers: { accept: "*/*" },
      body: "b",
      redirect: "error",
      signal,
    });
    const sent = (await ask(request)) as Request;
    expect([sent.headers.get("accept"), sent.headers.get("x-where")]).toEqual(["*/*", url]);
    expect([sent.method, sent.redirect, await sent.text()]).toEqual(["PUT", "error", "b"]);
    abort();
    expect(sent.signal?.aborted).toBe(true);
  });

  test("with none the request goes on as it is", async () => {
    const { ask } = arriving({ headers: () => undefined });
    const request = { url };
    expect(await ask(request)).toBe(request);
  });

  test("that cannot be sent, or a function that throws: the call fails, nothing is sent, and nothing is held", async () => {
    const [inner, handle] = mockService<HttpRequest, string>();
    handle.allow(1);
    const mine = new Error("mine");
    const faults: (() => Record<string, string>)[] = [
      () => ({ "x-id": "7\r\nx-admin: yes" }),
      () => ({ "x id": "7" }),
      () => {
        throw mine;
      },
    ];
    for (const headers of faults) {
      const service = new ServiceBuilder().layer(propagate({ headers })).service(inner);
      const error = await failureOf(service.call({ url }));
      expect(error instanceof TypeError || error === mine).toBe(true);
      handle.expectNoRequest();
      expect(isNetworkError(error)).toBe(false);
      // The place that was reserved is there again.
      const permit = inner.tryReady();
      expect(permit).toBeDefined();
      permit?.release();
    }
  });
});

test("an option that asks for nothing is refused", () => {
  expect(() => propagate({ timeoutHeader: false })).toThrow(/^propagate: timeoutHeader must be a name/);
});

test("a real server hears of both", async () => {
  await using upstream = await loopback((request, response) => response.end(JSON.stringify(request.headers)));
  const clock = new VirtualClock();
  const service = new ServiceBuilder()
    .layer(propagate({ clock, margin: 20, headers: () => ({ traceparent: "00-1-2-01" }) }))
    .service(fetchService());
  const response = await service.call({ url: upstream.origin }, { deadline: clock.now() + 250.7 });
  expect(await response.json()).toMatchObject({ "x-timeout-ms": "230", traceparent: "00-1-2-01" });
});

function controlled() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

import { once } from "node:events";
import { type AnyLayer, gate, identity, middleware, partsOf, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { fetchService, httpClient, type HttpRequest, isStatusError } from "../../src/index.ts";
import { failureOf, loopback } from "@sluice/test-kit";

const url = "http://127.0.0.1/";

/** A layer that says that a request passes it. */
const passing = (seen: string[], name: string): AnyLayer =>
  middleware(name, (request, next, options) => {
    seen.push(name);
    return next(request, options);
  });

describe("the order of the layers", () => {
  const places = ["total", "retry", "breaker", "limit", "attempt", "body", "propagate", "status"];

  test("is that of their places, however they are given", async () => {
    const seen: string[] = [];
    const transport = serviceFn((_request: HttpRequest) => new Response("ok"));
    const layers = Object.fromEntries([...places].reverse().map((place) => [place, passing(seen, place)]));
    const client = httpClient({ ...layers, transport });
    await client.call({ url });
    expect(seen).toEqual(places);
    expect(client.describe()).toEqual(places);
  });

  test("of those that are left out is that of the others", () => {
    expect(httpClient().describe()).toEqual(["failOnStatus"]);
    expect(httpClient({ breaker: undefined, limit: passing([], "mine") }).describe()).toEqual(["mine", "failOnStatus"]);
  });

  test("can be seen from outside, with what each layer holds", () => {
    const limit = gate(new Semaphore(1), { name: "limit" });
    const client = httpClient({ limit });
    const names: string[] = [];
    for (let parts = partsOf(client); parts !== undefined && "layer" in parts; parts = partsOf(parts.inner)) {
      names.push(parts.layer.name);
    }
    expect(names).toEqual(["httpClient", "limit", "failOnStatus"]);
    expect(() => new ServiceBuilder().layer(limit).service(client)).toThrow(TypeError);
    expect(() => httpClient({ limit, attempt: limit })).toThrow(/a second time/);
  });
});

describe("without layers", () => {
  test("call fails for a failing status, and fetch answers", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(503).end("why"));
    const client = httpClient();
    const error = await failureOf(client.call({ url: upstream.origin }));
    expect(isStatusError(error) && [error.status, error.body]).toEqual([503, "why"]);
    const { fetch } = client;
    const response = await fetch(upstream.origin);
    expect([response.status, await response.text()]).toEqual([503, "why"]);
  });

  test("of the status layer neither is a failure", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(503).end("why"));
    const client = httpClient({ status: identity() });
    expect((await client.call({ url: upstream.origin })).status).toBe(503);
  });

  test("a transport of one's own sends", async () => {
    const client = httpClient({ transport: fetchService({ fetch: async () => new Response("mine") }) });
    expect(await (await client.fetch(url)).text()).toBe("mine");
  });
});

describe("readiness", () => {
  test("is that of the stack", async () => {
    const [transport, handle] = mockService<HttpRequest, Response>();
    handle.allow(0);
    const client = httpClient({ transport });
    expect(client.tryReady({ url })).toBeUndefined();
    const ready = client.ready({ request: { url } });
    handle.allow(1);
    const call = (await ready).call({ url });
    (await handle.nextRequest()).respond(new Response("ok"));
    expect(await (await call).text()).toBe("ok");
  });

  test.each(["the options", "the request"])("an abort by the signal of %s ends the wait for it", async (where) => {
    const [transport, handle] = mockService<HttpRequest, Response>();
    handle.allow(0);
    const client = httpClient({ transport });
    const controller = new AbortController();
    const { signal } = controller;
    const call = where === "the options" ? client.call({ url }, { signal }) : client.call(new Request(url, { signal }));
    const mine = new Error("mine");
    controller.abort(mine);
    expect(await failureOf(call)).toBe(mine);
    expect(await failureOf(client.fetch(url, { signal }))).toBe(mine);
    handle.allow(1);
    expect(client.tryReady()).toBeDefined();
  });
});

describe("an abort while the body is read", () => {
  /** A layer as a timeout is one: its signal ends with the head of the response. */
  const ending = middleware("ending", (request, next, { signal, ...options }) => {
    const own = new AbortController();
    const follow = (): void => own.abort(signal?.reason);
    signal?.addEventListener("abort", follow);
    return next(request, { ...options, signal: own.signal }).finally(() =>
      signal?.removeEventListener("abort", follow),
    );
  });

  test.each([
    ["call, a request", (at: string, signal: AbortSignal) => client.call({ url: at }, { signal })],
    ["call, a request with a signal", (at: string, signal: AbortSignal) => client.call({ url: at, signal })],
    ["call, a Request", (at: string, signal: AbortSignal) => client.call(new Request(at), { signal })],
    ["call, a Request with a signal", (at: string, signal: AbortSignal) => client.call(new Request(at, { signal }))],
    ["fetch, an address", (at: string, signal: AbortSignal) => client.fetch(at, { signal })],
    ["fetch, a Request", (at: string, signal: AbortSignal) => client.fetch(new Request(at, { signal }))],
    ["fetch, a Request and an init", (at: string, signal: AbortSignal) => client.fetch(new Request(at), { signal })],
  ])("reaches it through a layer whose signal has ended: %s", async (_how, ask) => {
    await using upstream = await loopback((_request, response) => response.writeHead(200).write("half"));
    const controller = new AbortController();
    const response = await ask(upstream.origin, controller.signal);
    const text = response.text();
    const mine = new Error("mine");
    controller.abort(mine);
    expect(await failureOf(text)).toBe(mine);
    await upstream.rest();
  });

  const client = httpClient({ attempt: ending, total: ending });
});

test("a signal in the options takes the place of the Request's own, as with fetch", async () => {
  await using upstream = await loopback(() => {});
  const [own, given] = [new AbortController(), new AbortController()];
  const call = httpClient().call(new Request(upstream.origin, { signal: own.signal }), { signal: given.signal });
  await once(upstream.server, "request");
  own.abort(new Error("own"));
  const mine = new Error("given");
  given.abort(mine);
  expect(await failureOf(call)).toBe(mine);
});

test("options that are none reject by name, also beside a request that has a signal, and reach nobody", async () => {
  const { signal } = new AbortController();
  for (const request of [{ url }, { url, signal }]) {
    for (const bad of [null, 5]) {
      const failure = await failureOf(httpClient().call(request, bad as never));
      expect(String(failure)).toMatch(/^TypeError: call: options must be an object/);
    }
  }
});

test("what is no request rejects, and does not throw", async () => {
  for (const request of [undefined, null, 5, "http://127.0.0.1/"]) {
    expect(await failureOf(httpClient().call(request as never))).toBeInstanceOf(TypeError);
  }
  const used = new Request(url, { method: "PUT", body: "text" });
  await used.text();
  expect(await failureOf(httpClient().call(used, { signal: new AbortController().signal }))).toBeInstanceOf(TypeError);
});

test.each([
  ["limit", 5],
  ["total", { ms: 5 }],
  ["transport", fetch],
])("%s that is none is refused, by name", (option, value) => {
  expect(() => httpClient({ [option]: value } as never)).toThrow(new RegExp(`^httpClient: ${option} must be a`));
});

test("an unknown option is refused, with the nearest that there is", () => {
  expect(() => httpClient({ retryy: identity() } as never)).toThrow(/retryy is not an option; did you mean retry\?/);
});

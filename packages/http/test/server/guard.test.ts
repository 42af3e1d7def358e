import { middleware, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { deferred } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { guard, isReady, limitBody } from "../../src/index.ts";
import { ask, source, upload } from "../helper/web.ts";

describe("guard", () => {
  test("gives the handler the request, its signal and deadline, and what came along", async () => {
    const clock = new VirtualClock();
    const handler = guard(
      new ServiceBuilder().layer(concurrencyLimit(1)),
      (request, { signal, deadline }, params: { readonly id: string }, env: { readonly name: string }) =>
        Response.json({
          id: params.id,
          name: env.name,
          path: new URL(request.url).pathname,
          signal: signal instanceof AbortSignal,
          deadline,
        }),
      { clock },
    );
    const request = ask("/reports/7", { headers: { "x-timeout-ms": "50" } });
    expect(await (await handler(request, { id: "7" }, { name: "test" })).json()).toEqual({
      id: "7",
      name: "test",
      path: "/reports/7",
      signal: true,
      deadline: clock.now() + 50,
    });
  });

  test("promise 7: a limit counts what runs", async () => {
    const limit = concurrencyLimit(1);
    const work = deferred<Response>();
    const handler = guard(new ServiceBuilder().layer(limit), () => work.promise);
    const gone = new AbortController();
    const first = handler(ask("/", { signal: gone.signal }));
    gone.abort();
    expect((await handler(ask())).status).toBe(503);
    expect(limit.active).toBe(1);
    work.resolve(new Response("done"));
    expect((await first).status).toBe(200);
    expect(limit.active).toBe(0);
  });

  test("the answers are an option, as they are of toFetchHandler", async () => {
    const stack = new ServiceBuilder().layer(concurrencyLimit(0));
    const handler = guard(stack, () => new Response(), { answers: { ERR_SLUICE_OVERLOADED: () => ({ status: 529 }) } });
    expect((await handler(ask())).status).toBe(529);
  });

  test("limitBody in its stack hands on what came along", async () => {
    const handler = guard(
      new ServiceBuilder().layer(limitBody(10)),
      async (request, _options, env: string) => new Response(`${env} ${await request.text()}`),
    );
    expect(await (await handler(upload(source("ab", "cd").stream), "env")).text()).toBe("env abcd");
  });

  test("inside another guard each has its own, also when the outer one calls again", async () => {
    const again = middleware("again", async (request: Request, next, options, inner) => {
      await next(request, options);
      return (inner as Service<Request, Response>).call(request, options);
    });
    const seen: string[] = [];
    const inside = guard(new ServiceBuilder(), (_request, _options, name: string) => {
      seen.push(name);
      return new Response("ok");
    });
    const outside = guard(new ServiceBuilder().layer(again), (request, _options, name: string) => {
      seen.push(name);
      return inside(request, "inside");
    });
    expect((await outside(ask(), "outside")).status).toBe(200);
    expect(seen).toEqual(["outside", "inside", "outside", "inside"]);
  });

  test("a layer that replaces the request is told so", async () => {
    const heard: unknown[] = [];
    const replacing = middleware("replacing", (_request: Request, next, options) => next(ask("/else"), options));
    const handler = guard(new ServiceBuilder().layer(replacing), () => new Response(), {
      onError: (error) => heard.push(error),
    });
    expect((await handler(ask())).status).toBe(500);
    expect(String(heard[0])).toContain("guard: a layer must hand on the request");
  });
});

describe("isReady", () => {
  test("says whether a request would be let in, and reserves nothing", () => {
    const limit = concurrencyLimit(1);
    const service = new ServiceBuilder().layer(limit).serviceFn(async (n: number) => n);
    expect(isReady(service, 1)).toBe(true);
    expect(limit.active).toBe(0);
    using held = service.tryReady();
    expect(held).toBeDefined();
    expect(isReady(service)).toBe(false);
  });

  test("a failure of readiness is no", () => {
    const failing = Object.assign(
      serviceFn(async () => 1),
      {
        tryReady: () => {
          throw new Error("down");
        },
      },
    );
    expect(isReady(failing)).toBe(false);
  });
});

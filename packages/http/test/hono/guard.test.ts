import { type Adds, middleware, OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { deferred } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { describe, expect, test } from "vitest";
import { guard, type GuardEnv } from "../../src/hono/index.ts";
import { harden } from "../../src/node/index.ts";
import { answerFailures, guard as guardFetch, limitBody, rateLimitFields, untilBodyEnds } from "../../src/index.ts";
import { settle, source, upload } from "../helper/web.ts";
import { eventually, listen, wire } from "../helper/loopback.ts";
import { createAdaptorServer } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import { connect as connectHttp2, constants, createServer as createHttp2Server } from "node:http2";

class QuotaError extends Error {
  readonly code = "QUOTA";
}

type App = Hono<GuardEnv>;

function appOf(reports: MiddlewareHandler<GuardEnv>, routes: (app: App) => void): App {
  const app: App = new Hono<GuardEnv>();
  app.use("*", reports);
  // Hono's own writes failures to the console.
  app.onError((_error, c) => c.text("failed", 500));
  routes(app);
  return app;
}

/** Served by Hono's own adapter for node. */
function servedBy(app: App) {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const counters = harden(server, { lingerTimeout: 100 });
  return { server, counters };
}

const one = () => {
  const limit = concurrencyLimit(1);
  return { limit, reports: guard(new ServiceBuilder().layer(limit)) };
};

describe("in front of Hono, on its adapter for node", () => {
  test("a request that is let in reaches its handler, and its answer goes out", async () => {
    const { limit, reports } = one();
    const app = appOf(reports, (routes) => routes.get("/hello/:name", (c) => c.text(`hello ${c.req.param("name")}`)));
    await using at = await listen(servedBy(app).server);
    expect(await (await fetch(`${at.url}/hello/ann`)).text()).toBe("hello ann");
    await eventually(() => limit.active === 0);
  });

  test("promise 7 and 8: it holds until a streamed response has closed, whether it was read or not", async () => {
    const { limit, reports } = one();
    let finish: () => void = () => {};
    const app = appOf(reports, (routes) =>
      routes.get("/", () => {
        let pulls = 0;
        return new Response(
          new ReadableStream({
            async pull(controller) {
              if (pulls++ > 0) await new Promise<void>((resolve) => (finish = resolve));
              if (pulls > 1) controller.close();
              else controller.enqueue(new TextEncoder().encode("half"));
            },
          }),
        );
      }),
    );
    await using at = await listen(servedBy(app).server);
    using client = await wire(at.port);
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await client.until("half");
    expect(limit.active).toBe(1);
    client.socket.destroy();
    await eventually(() => limit.active === 0);
    using second = await wire(at.port);
    second.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await second.until("half");
    finish();
    await second.until("\r\n0\r\n");
    await eventually(() => limit.active === 0);
  });

  test("promise 8: a pipelined answer that waits for an earlier one holds nothing when its client leaves", async () => {
    const { limit, reports } = one();
    const first = deferred();
    const app: App = new Hono<GuardEnv>();
    app.get("/first", async (c) => {
      await first.promise;
      return c.text("first");
    });
    app.use("*", reports);
    app.get("/second", (c) => c.text("second"));
    await using at = await listen(servedBy(app).server);
    using client = await wire(at.port);
    client.send("GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n");
    await eventually(() => limit.active === 1);
    client.socket.destroy();
    await eventually(() => limit.active === 0);
    first.resolve();
    expect(limit.available).toBe(1);
  });

  test("promise 8: on HTTP/2, a stream that is cancelled before its answer holds nothing", async () => {
    const { limit, reports } = one();
    const release = deferred();
    const app = appOf(reports, (routes) =>
      routes.get("/", async (c) => {
        await release.promise;
        return c.text("late");
      }),
    );
    const server = createAdaptorServer({ fetch: app.fetch, createServer: createHttp2Server });
    await using at = await listen(server);
    const session = connectHttp2(at.url);
    const stream = session.request({ ":path": "/" });
    await eventually(() => limit.active === 1);
    const closed = once(stream, "close");
    stream.close(constants.NGHTTP2_CANCEL);
    await closed;
    // An answer to a later stream says that the server has heard of the end of the earlier one.
    const ping = once(session.request({ ":path": "/" }), "response");
    expect((await ping)[0]).toMatchObject({ ":status": 503 });
    release.resolve();
    await eventually(() => limit.active === 0);
    session.destroy();
  });

  test("promise 8: HEAD, answered with an endless stream, pulls nothing more and holds nothing", async () => {
    const { limit, reports } = one();
    const body = source(...Array.from({ length: 1_000 }, () => "x"));
    await using at = await listen(
      servedBy(appOf(reports, (app) => app.get("/", () => new Response(body.stream)))).server,
    );
    expect((await fetch(at.url, { method: "HEAD" })).status).toBe(200);
    await eventually(() => limit.active === 0);
    expect(body.pulled).toBe(0);
    expect(body.cancelled).toBeDefined();
  });
});

describe("in front of Hono, on any runtime", () => {
  test("promise 10: failures that are declared are answered, also those of handlers; others go to app.onError", async () => {
    const heard: unknown[] = [];
    const quota = middleware<Adds<QuotaError, Request>>("quota", (request, next, options) => {
      if (request.url.endsWith("/quota")) throw new QuotaError();
      if (request.url.endsWith("/layer")) throw new Error("of a layer");
      return next(request, options);
    });
    const reports = guard(new ServiceBuilder().layer(quota), {
      answers: { QUOTA: () => ({ status: 402 }) },
      onError: (error) => heard.push(String(error)),
    });
    const app = appOf(reports, (routes) => {
      routes.get("/quota", (c) => c.text("never"));
      routes.get("/layer", (c) => c.text("never"));
      routes.get("/overloaded", () => {
        throw new OverloadedError("database", { retryAfter: 2_000 });
      });
      routes.get("/secret", () => {
        throw new Error("of the handler");
      });
      routes.onError((error, c) => c.text(`handled ${error.message}`, 418));
    });
    expect((await app.request("/quota")).status).toBe(402);
    const overloaded = await app.request("/overloaded");
    expect([overloaded.status, overloaded.headers.get("retry-after"), overloaded.headers.get("content-type")]).toEqual([
      503,
      "2",
      "application/problem+json",
    ]);
    expect(await (await app.request("/secret")).text()).toBe("handled of the handler");
    expect(await (await app.request("/layer")).text()).toBe("handled of a layer");
    expect(heard).toEqual(["Error: of the handler", "Error: of a layer"]);
  });

  describe("promise 9: a time-out", () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const timedOut = [504, "application/problem+json", expect.stringContaining("Gateway Timeout")];
    const headAndBody = async (response: Response) => [
      response.status,
      response.headers.get("content-type"),
      await response.text(),
    ];
    const timed = (clock: VirtualClock) => {
      const limit = concurrencyLimit(1, { clock });
      return { limit, reports: guard(new ServiceBuilder().layer(limit).layer(timeout({ call: 100, clock }))) };
    };
    /** Fails as soon as its signal aborts, or some turns later. */
    const obedient = (signal: AbortSignal, turns = 0) =>
      new Promise<Response>((_resolve, reject) => {
        const fail = async (): Promise<void> => {
          for (let left = turns; left > 0; left--) await turn();
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", () => void fail());
      });

    test("is answered with its own body, when the handler answers late", async () => {
      const clock = new VirtualClock();
      const { limit, reports } = timed(clock);
      const release = deferred();
      const app = appOf(reports, (routes) =>
        routes.get("/", async (c) => {
          await release.promise;
          return c.text("late");
        }),
      );
      const answer = app.request("/");
      await clock.advance(100);
      const response = await answer;
      release.resolve();
      await settle();
      expect(limit.active).toBe(0);
      expect(await headAndBody(response)).toEqual(timedOut);
    });

    test.each([0, 1, 4])("is not replaced by app.onError, which takes %i microtasks", async (microtasks) => {
      const clock = new VirtualClock();
      const { limit, reports } = timed(clock);
      const app = appOf(reports, (routes) => routes.get("/", (c) => obedient(c.get("signal"))));
      app.onError(async (_error, c) => {
        for (let left = microtasks; left > 0; left--) await Promise.resolve();
        return c.text("failed", 500);
      });
      const answer = app.request("/");
      await clock.advance(100);
      expect(await headAndBody(await answer)).toEqual(timedOut);
      expect(limit.active).toBe(0);
    });

    test.each([0, 1, 2])("nor while a middleware outside works on it, %i turns later", async (turns) => {
      const clock = new VirtualClock();
      const { limit, reports } = timed(clock);
      const app: App = new Hono<GuardEnv>();
      app.use("*", async (c, next) => {
        await next();
        await turn();
        await turn();
        c.res.headers.set("x-outside", "yes");
      });
      app.use("*", reports);
      app.onError((_error, c) => c.text("failed", 500));
      app.get("/", (c) => obedient(c.get("signal"), turns));
      const answer = app.request("/");
      await clock.advance(100);
      const response = await answer;
      expect(response.headers.get("x-outside")).toBe("yes");
      expect(await headAndBody(response)).toEqual(timedOut);
      expect(limit.active).toBe(0);
    });

    test("of an outer guard is answered, and neither holds anything", async () => {
      const clock = new VirtualClock();
      const { limit, reports } = timed(clock);
      const inner = one();
      const app = appOf(reports, (routes) => {
        routes.use("*", inner.reports);
        routes.get("/", (c) => obedient(c.get("signal")));
      });
      const answer = app.request("/");
      await clock.advance(100);
      expect(await headAndBody(await answer)).toEqual(timedOut);
      expect([limit.active, inner.limit.active]).toEqual([0, 0]);
    });
  });

  test("promise 10: a refusal has the headers that are set on every answer, and says nothing that was meant for another", async () => {
    const app: App = new Hono<GuardEnv>();
    app.use("*", cors({ origin: "http://page", credentials: true }));
    app.use("*", async (c, next) => {
      c.header("cache-control", "public");
      c.header("content-type", "text/html");
      c.header("set-cookie", "a=1");
      c.header("set-cookie", "b=2", { append: true });
      await next();
    });
    app.use("*", guard(new ServiceBuilder().layer(concurrencyLimit(0))));
    app.get("/", (c) => c.text("never"));
    const { status, headers } = await app.request("/", { headers: { origin: "http://page" } });
    expect([
      status,
      headers.get("access-control-allow-origin"),
      headers.get("content-type"),
      headers.get("cache-control"),
      headers.getSetCookie(),
    ]).toEqual([503, "http://page", "application/problem+json", null, ["a=1", "b=2"]]);
    expect(headers.get("retry-after")).toMatch(/^[123]$/);
  });

  test("a permit is held until the body has been read, or given up; without a body, no longer than the handler", async () => {
    const { limit, reports } = one();
    const app = appOf(reports, (routes) => {
      routes.get("/", () => new Response(source("a", "b").stream, { headers: { "x-a": "1" } }));
      routes.get("/none", (c) => c.body(null, 204));
    });
    const response = await app.request("/");
    expect([limit.active, response.headers.get("x-a")]).toEqual([1, "1"]);
    expect((await app.request("/")).status).toBe(503);
    expect(await response.text()).toBe("ab");
    await settle();
    expect(limit.active).toBe(0);
    await (await app.request("/")).body?.cancel();
    await settle();
    expect(limit.active).toBe(0);
    expect((await app.request("/none")).status).toBe(204);
    await settle();
    expect(limit.active).toBe(0);
  });

  test("a handler's declared failure holds nothing, though app.onError has answered it with a body that nobody reads", async () => {
    const { limit, reports } = one();
    const app = appOf(reports, (routes) =>
      routes.get("/", () => {
        throw new OverloadedError("database");
      }),
    );
    expect((await app.request("/")).status).toBe(503);
    await settle();
    expect(limit.active).toBe(0);
  });

  describe("a response of the stack's own layers is sent", () => {
    test("where they answer without the handlers, with the headers that are set on every answer", async () => {
      const rate = rateLimit({ limit: 1, interval: 60_000 });
      const app: App = new Hono<GuardEnv>();
      app.use("*", cors({ origin: "http://page" }));
      app.use("*", guard(new ServiceBuilder().layer(rateLimitFields({ rate })).layer(answerFailures()).layer(rate)));
      app.get("/", (c) => c.text("ok"));
      const heads = [];
      for (let left = 2; left > 0; left--) {
        const { status, headers } = await app.request("/", { headers: { origin: "http://page" } });
        heads.push([status, headers.get("ratelimit")?.slice(0, 13), headers.get("access-control-allow-origin")]);
      }
      expect(heads).toEqual([
        [200, `"default";r=0`, "http://page"],
        [429, `"default";r=0`, "http://page"],
      ]);
    });

    test("where they answer a failure of a handler, and nothing is held for the answer of app.onError", async () => {
      const { limit } = one();
      const app = appOf(guard(new ServiceBuilder().layer(answerFailures()).layer(limit)), (routes) =>
        routes.get("/", (c) => {
          c.header("x-a", "1");
          throw new OverloadedError("database");
        }),
      );
      const { status, headers } = await app.request("/");
      await settle();
      expect([status, headers.get("content-type"), headers.get("x-a"), limit.active]).toEqual([
        503,
        "application/problem+json",
        "1",
        0,
      ]);
    });

    test("where they replace that of the handlers, also by one of fetch", async () => {
      const { limit } = one();
      const fetched = await fetch("data:text/x-fetched,fetched");
      const fallback = middleware("fallback", async (request: Request, next, options) => {
        const response = (await next(request, options)) as Response;
        return response.status === 404 ? fetched : response;
      });
      const rate = rateLimit({ limit: 9, interval: 60_000 });
      const fields = rateLimitFields({ rate, limit: 9 });
      const app = appOf(
        guard(new ServiceBuilder().layer(fields).layer(limit).layer(untilBodyEnds()).layer(fallback)),
        (routes) => routes.get("/", (c) => c.text("followed")),
      );
      expect(await (await app.request("/")).text()).toBe("followed");
      await settle();
      expect(limit.active).toBe(0);
      const other = await app.request("/other");
      expect([other.status, other.headers.get("content-type"), other.headers.get("ratelimit")]).toEqual([
        200,
        "text/x-fetched",
        `"default";r=9`,
      ]);
      expect(await other.text()).toBe("fetched");
    });

    test.each([0, 1, 4])(
      "and is not replaced by app.onError, which takes %i microtasks, where a time-out was answered",
      async (microtasks) => {
        const clock = new VirtualClock();
        const stack = new ServiceBuilder().layer(answerFailures()).layer(timeout({ call: 100, clock }));
        const app = appOf(guard(stack), (routes) => {
          // A guard inside gives up at the same time.
          routes.use("*", guard(new ServiceBuilder().layer(timeout({ call: 100, clock }))));
          routes.get(
            "/",
            (c) =>
              new Promise<Response>((_resolve, reject) => {
                const signal = c.get("signal");
                signal.addEventListener("abort", () => reject(signal.reason as Error));
              }),
          );
        });
        app.onError(async (_error, c) => {
          for (let left = microtasks; left > 0; left--) await Promise.resolve();
          return c.text("failed", 500);
        });
        const answer = app.request("/");
        await settle();
        await clock.advance(100);
        const response = await answer;
        expect([response.status, await response.json()]).toEqual([504, expect.objectContaining({ status: 504 })]);
      },
    );

    test("but not where an outer guard has given up meanwhile: its body is cancelled", async () => {
      const clock = new VirtualClock();
      const late = source("late");
      const release = deferred();
      const slow = middleware("slow", async () => {
        await release.promise;
        return new Response(late.stream);
      });
      const app: App = new Hono<GuardEnv>();
      app.use("*", guard(new ServiceBuilder().layer(timeout({ call: 100, clock }))));
      app.use("*", guard(new ServiceBuilder().layer(slow)));
      app.get("/", (c) => c.text("never"));
      const answer = app.request("/");
      await clock.advance(100);
      const response = await answer;
      release.resolve();
      await settle();
      expect([response.status, late.cancelled]).toEqual([504, "cancelled"]);
      expect(await response.json()).toMatchObject({ status: 504 });
    });

    test("and where it is none, that is a failure", async () => {
      const nothing = middleware("nothing", () => Promise.resolve(undefined as unknown as Response));
      const app = appOf(guard(new ServiceBuilder().layer(nothing)), (routes) => {
        routes.get("/", (c) => c.text("never"));
        routes.onError((error, c) => c.text(error.message, 500));
      });
      expect(await (await app.request("/")).text()).toContain("guard: a layer must answer with a Response");
    });
  });

  test("HEAD, answered with a body that is locked, or with none", async () => {
    const { limit, reports } = one();
    const app = appOf(reports, (routes) => {
      routes.get("/locked", () => {
        const response = new Response("a");
        response.body?.getReader();
        return response;
      });
      routes.get("/none", (c) => c.body(null, 204));
    });
    expect((await app.request("/locked", { method: "HEAD" })).status).toBe(200);
    expect((await app.request("/none", { method: "HEAD" })).status).toBe(204);
    expect(limit.active).toBe(0);
  });

  test("promise 12: work that goes on is handed to the runtime, and never rejects", async () => {
    const clock = new VirtualClock();
    const works: Promise<unknown>[] = [];
    const reports = guard(new ServiceBuilder().layer(timeout({ call: 100, clock })));
    const release = deferred();
    const app = appOf(reports, (routes) =>
      routes.get("/", async () => {
        await release.promise;
        throw new Error("late");
      }),
    );
    const context = {
      waitUntil: (work: Promise<unknown>) => void works.push(work),
      passThroughOnException: () => {},
      props: {},
    };
    const answer = app.request("/", {}, {}, context);
    await settle();
    await clock.advance(100);
    expect((await answer).status).toBe(504);
    expect(works).toHaveLength(1);
    release.resolve();
    await works[0];
  });

  test("a guard inside another: its handler is told when the outer one gives up", async () => {
    const clock = new VirtualClock();
    const app: App = new Hono<GuardEnv>();
    app.use("*", guard(new ServiceBuilder().layer(timeout({ call: 100, clock }))));
    let signal: AbortSignal | undefined;
    app.get("/", guard(new ServiceBuilder().layer(concurrencyLimit(1))), (c) => {
      signal = c.get("signal");
      return new Promise<Response>(() => {});
    });
    const answer = app.request("/");
    await settle();
    await clock.advance(100);
    expect((await answer).status).toBe(504);
    expect(isTimeoutError(signal?.reason)).toBe(true);
  });

  test("a client that has left is nobody's failure", async () => {
    const heard: unknown[] = [];
    const reports = guard(new ServiceBuilder(), { onError: (error) => heard.push(error) });
    const app = appOf(reports, (routes) => routes.get("/", (c) => c.text("ok")));
    const response = await app.request(new Request("http://test/", { signal: AbortSignal.abort() }));
    expect([response.status, heard]).toEqual([499, []]);
  });

  test("limitBody in its stack limits what the handler reads", async () => {
    const limit = limitBody(4);
    const app = appOf(guard(new ServiceBuilder().layer(limit)), (routes) =>
      routes.post("/upload", async (c) => c.text(await c.req.text())),
    );
    expect(await (await app.request(upload(source("ab", "cd").stream))).text()).toBe("abcd");
    expect((await app.request(upload(source("ab", "cd", "e").stream))).status).toBe(413);
    expect(limit.refused).toBe(1);
  });

  test("inside the guard of fetch each has its own", async () => {
    const app = appOf(guard(new ServiceBuilder()), (routes) => routes.get("/", (c) => c.text("ok")));
    const again = middleware("again", async (request: Request, next, options, inner) => {
      await next(request, options);
      return (inner as Service<Request, Response>).call(request, options);
    });
    const seen: unknown[] = [];
    const handler = guardFetch(new ServiceBuilder().layer(again), (request, _options, env: string) => {
      seen.push(env);
      return app.fetch(request);
    });
    expect(await (await handler(new Request("http://test/"), "env")).text()).toBe("ok");
    expect(seen).toEqual(["env", "env"]);
  });

  test("a layer that replaces the request is told so", async () => {
    const replacing = middleware("replacing", (_request: Request, next, options) =>
      next(new Request("http://test/b"), options),
    );
    const app = appOf(guard(new ServiceBuilder().layer(replacing)), (routes) => {
      routes.get("/", (c) => c.text("never"));
      routes.onError((error, c) => c.text(error.message, 500));
    });
    expect(await (await app.request("/")).text()).toContain("guard: a layer must hand on the request");
  });
});

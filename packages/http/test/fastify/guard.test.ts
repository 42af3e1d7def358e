import { once } from "node:events";
import { connect } from "node:http2";
import { PassThrough } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyPluginCallback, type RouteHandlerMethod } from "fastify";
import { type Adds, middleware, OverloadedError, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { deferred, unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { guard, signalOf } from "../../src/fastify/index.ts";
import { drain, harden, isClientGoneError, serverOptions } from "../../src/node/index.ts";
import { eventually, wire } from "../helper/loopback.ts";

class QuotaError extends Error {
  readonly code = "QUOTA";
}

async function served(plugin: FastifyPluginCallback, routes: (app: FastifyInstance) => void) {
  const app = Fastify({ forceCloseConnections: true });
  await app.register(plugin);
  routes(app);
  return listening(app);
}

async function listening(app: FastifyInstance) {
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    app,
    url,
    port: Number(new URL(url).port),
    async [Symbol.asyncDispose]() {
      await app.close();
    },
  };
}

const one = () => {
  const limit = concurrencyLimit(1);
  return { limit, plugin: guard(new ServiceBuilder().layer(limit)) };
};

describe("in front of Fastify", () => {
  test("a request that is let in reaches its handler, and its answer goes out", async () => {
    const { limit, plugin } = one();
    await using server = await served(plugin, (app) => {
      app.get<{ Params: { name: string } }>("/hello/:name", async ({ params }) => `hello ${params.name}`);
      app.get("/later", (_request, reply) => {
        setImmediate(() => void reply.send("later"));
      });
      app.get("/at-once", (_request, reply) => reply.send("at once"));
    });
    const text = async (path: string) => (await fetch(server.url + path)).text();
    expect([await text("/hello/ann"), await text("/later"), await text("/at-once")]).toEqual([
      "hello ann",
      "later",
      "at once",
    ]);
    await eventually(() => limit.active === 0);
  });

  test("promise 3: a refused request's body is not parsed", async () => {
    let parsed = false;
    await using server = await served(guard(new ServiceBuilder().layer(concurrencyLimit(0))), (app) => {
      app.addContentTypeParser("text/x", { parseAs: "string" }, (_request, body, done) => {
        parsed = true;
        done(null, body);
      });
      app.post("/", async () => "ok");
    });
    const response = await fetch(server.url, { method: "POST", headers: { "content-type": "text/x" }, body: "hello" });
    expect([response.status, response.headers.get("content-type")?.split(";")[0], parsed]).toEqual([
      503,
      "application/problem+json",
      false,
    ]);
    expect(await response.json()).toMatchObject({ status: 503 });
  });

  test("serverOptions are given to Fastify in two places, for it sets some of them itself", async () => {
    const app = Fastify({ ...serverOptions(), http: serverOptions() });
    expect([app.server.requestTimeout, app.server.headersTimeout, app.server.keepAliveTimeout]).toEqual([
      60_000, 10_000, 5_000,
    ]);
    await app.close();
  });

  test("routes that were there before the plugin was loaded are guarded, too, until their response has closed", async () => {
    const { limit, plugin } = one();
    const app = Fastify({ forceCloseConnections: true });
    void app.register(plugin);
    const release = deferred();
    app.get("/", async () => {
      await release.promise;
      return "done";
    });
    await using server = await listening(app);
    const first = fetch(server.url);
    await eventually(() => limit.active === 1);
    expect((await fetch(server.url)).status).toBe(503);
    release.resolve();
    expect(await (await first).text()).toBe("done");
    await eventually(() => limit.active === 0);
  });

  test("promise 9: a handler that has hijacked its reply is answered for, too", async () => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(1, { clock });
    const release = deferred();
    let begun = false;
    await using server = await served(
      guard(new ServiceBuilder().layer(limit).layer(timeout({ call: 100, clock }))),
      (app) => {
        app.get("/", async (_request, reply) => {
          reply.hijack();
          begun = true;
          await release.promise;
          reply.raw.end("late");
        });
      },
    );
    const answer = fetch(server.url);
    await eventually(() => begun);
    await clock.advance(100);
    const response = await answer;
    expect([response.status, response.headers.get("content-type"), response.headers.get("connection")]).toEqual([
      504,
      "application/problem+json",
      "close",
    ]);
    expect(await response.json()).toMatchObject({ status: 504 });
    expect(limit.active).toBe(1);
    release.resolve();
    await eventually(() => limit.active === 0);
  });

  describe("promise 9: when an answer of the handler is on its way through Fastify's hooks", () => {
    const timed = async (routes: (app: FastifyInstance) => void) => {
      const clock = new VirtualClock();
      const limit = concurrencyLimit(1, { clock });
      const server = await served(
        guard(new ServiceBuilder().layer(limit).layer(timeout({ call: 100, clock }))),
        (app) => {
          app.addHook("onRequest", (_request, reply, done) => {
            reply.header("x-everywhere", "1");
            done();
          });
          routes(app);
        },
      );
      return { clock, limit, server };
    };
    const isTheTimeout = async (response: Response): Promise<void> => {
      const { status, headers } = response;
      expect([status, headers.get("x-everywhere"), headers.get("content-encoding")]).toEqual([504, "1", null]);
      expect(await response.json()).toMatchObject({ status: 504 });
    };

    test("the time-out is answered in time, with its own body, and what the hooks send later is ignored", async () => {
      let finish: (() => void) | undefined;
      const { clock, limit, server } = await timed((app) => {
        // By a callback: what it throws would end the process.
        app.addHook("onSend", (_request, _reply, payload, done) => {
          finish = () => done(null, payload);
        });
        app.get("/", async () => ({ secret: "of the handler" }));
      });
      await using _ = server;
      const answer = fetch(server.url);
      await eventually(() => finish !== undefined);
      await clock.advance(100);
      await isTheTimeout(await answer);
      expect(() => finish?.()).not.toThrow();
      await eventually(() => limit.active === 0);
    });

    test("and so is that of a stream which says nothing, and is destroyed", async () => {
      const stream = new PassThrough();
      const { clock, limit, server } = await timed((app) =>
        app.get("/", (_request, reply) => reply.header("content-encoding", "gzip").send(stream)),
      );
      await using _ = server;
      const answer = fetch(server.url);
      await eventually(() => stream.listenerCount("data") > 0);
      await clock.advance(100);
      await isTheTimeout(await answer);
      await eventually(() => limit.active === 0);
      expect(stream.destroyed).toBe(true);
    });
  });

  test("promise 9: a response whose head is out is cut", async () => {
    const clock = new VirtualClock();
    await using server = await served(guard(new ServiceBuilder().layer(timeout({ call: 100, clock }))), (app) => {
      app.get("/", (_request, reply) => {
        reply.hijack();
        reply.raw.write("half");
      });
    });
    const response = await fetch(server.url);
    await clock.advance(100);
    await expect(response.text()).rejects.toThrow("terminated");
  });

  test("promise 10: failures that are declared are answered, also those of handlers; others go to Fastify's error handler", async () => {
    const heard: unknown[] = [];
    const caught: unknown[] = [];
    const quota = middleware<Adds<QuotaError, { readonly url: string }>>("quota", (request, next, options) => {
      if (request.url === "/quota") throw new QuotaError();
      if (request.url === "/layer") throw new Error("secret");
      return next(request, options);
    });
    const plugin = guard(new ServiceBuilder().layer(quota), {
      answers: { QUOTA: (_error, { url }) => ({ status: 402, instance: url }) },
      onError: (error) => heard.push(String(error)),
    });
    await using server = await served(plugin, (app) => {
      app.setErrorHandler((error, _request, reply) => {
        caught.push(String(error));
        return reply.code(418).send("handled");
      });
      app.get("/quota", async () => "never");
      app.get("/layer", async () => "never");
      app.get("/overloaded", async () => {
        throw new OverloadedError("database", { retryAfter: 2_000 });
      });
      app.get("/thrown", () => {
        throw new OverloadedError("database", { reason: "rate", retryAfter: 3_000 });
      });
      app.get("/secret", async () => {
        throw new Error("of the handler");
      });
    });
    const get = async (path: string) => {
      const response = await fetch(server.url + path);
      return [response.status, response.headers.get("retry-after"), await response.text()] as const;
    };
    expect(JSON.parse((await get("/quota"))[2])).toMatchObject({ status: 402, instance: "/quota" });
    expect((await get("/overloaded")).slice(0, 2)).toEqual([503, "2"]);
    expect((await get("/thrown")).slice(0, 2)).toEqual([429, "3"]);
    expect((await get("/layer")).join(" ")).not.toContain("secret");
    expect((await get("/layer"))[0]).toBe(500);
    expect(caught).toEqual([]);
    expect(await get("/secret")).toEqual([418, null, "handled"]);
    expect(caught).toEqual(["Error: of the handler"]);
    expect(heard).toEqual(["Error: secret", "Error: secret", "Error: of the handler"]);
  });

  test("a guard inside another: both count until the handler has settled", async () => {
    const limits = [concurrencyLimit(1), concurrencyLimit(1)] as const;
    const release = deferred();
    let begun = 0;
    await using server = await served(guard(new ServiceBuilder().layer(limits[0])), (app) => {
      void app.register(async (inner) => {
        await inner.register(guard(new ServiceBuilder().layer(limits[1])));
        inner.get("/", async () => {
          begun++;
          await release.promise;
          return "done";
        });
      });
    });
    using client = await wire(server.port);
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await eventually(() => begun === 1);
    client.socket.destroy();
    await eventually(() => client.socket.closed);
    expect((await fetch(server.url)).status).toBe(503);
    expect(limits.map(({ active }) => active)).toEqual([1, 1]);
    release.resolve();
    await eventually(() => limits.every(({ active }) => active === 0));
  });

  test("drain answers what is in flight, and then the application can be closed", async () => {
    const { limit, plugin } = one();
    const app = Fastify();
    harden(app.server);
    await app.register(plugin);
    const release = deferred();
    app.get("/", async () => {
      await release.promise;
      return "done";
    });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    const answer = fetch(url);
    await eventually(() => limit.active === 1);
    const drained = drain(app.server);
    release.resolve();
    expect(await (await answer).text()).toBe("done");
    expect(await drained).toEqual({ forced: false });
    await app.close();
  });

  test("app.inject goes through it, and nothing is held", async () => {
    const { limit, plugin } = one();
    const app = Fastify();
    await app.register(plugin);
    app.get("/", async () => "ok");
    for (let n = 0; n < 3; n++) expect((await app.inject("/")).body).toBe("ok");
    await eventually(() => limit.active === 0);
    await app.close();
  });

  test("a hook before it that answers leaves it alone; one after it that answers holds nothing", async () => {
    const limit = concurrencyLimit(1);
    const app = Fastify({ forceCloseConnections: true });
    await app.register(guard(new ServiceBuilder().layer(limit)));
    app.addHook("preHandler", async (_request, reply) => reply.code(401).send("no"));
    app.get("/", async () => "never");
    await using server = await listening(app);
    for (let n = 0; n < 3; n++) {
      expect((await fetch(server.url)).status).toBe(401);
      await eventually(() => limit.active === 0);
    }
  });

  test("promise 10: a refusal says nothing that was meant for another answer", async () => {
    const app = Fastify({ forceCloseConnections: true });
    app.addHook("onRequest", async (_request, reply) => {
      reply.headers({ "cache-control": "public", etag: "a", "x-request-id": "7" });
    });
    await app.register(guard(new ServiceBuilder().layer(concurrencyLimit(0))));
    app.get("/", async () => "never");
    await using server = await listening(app);
    const { status, headers } = await fetch(server.url);
    expect([status, headers.get("cache-control"), headers.get("etag"), headers.get("x-request-id")]).toEqual([
      503,
      null,
      null,
      "7",
    ]);
  });

  test("a client that has left while an earlier hook had its request: the stack is not asked", async () => {
    const arrived = deferred();
    const release = deferred();
    let asked = 0;
    const counting = middleware("counting", (request, next, options) => {
      asked++;
      return next(request, options);
    });
    const app = Fastify({ forceCloseConnections: true });
    let left = false;
    app.addHook("onRequest", async ({ url }, reply) => {
      if (url !== "/slow") return;
      reply.raw.once("close", () => (left = true));
      arrived.resolve();
      await release.promise;
    });
    await app.register(guard(new ServiceBuilder().layer(counting)));
    app.get("/*", async () => "ok");
    await using server = await listening(app);
    using client = await wire(server.port);
    client.send("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n");
    await arrived.promise;
    client.socket.destroy();
    await eventually(() => left);
    release.resolve();
    expect(await (await fetch(server.url)).text()).toBe("ok");
    expect(asked).toBe(1);
  });

  test("a call that its client leaves has no answer, but the reason of the signal, where the handler is not followed", async () => {
    const ended: unknown[] = [];
    const limit = concurrencyLimit(1);
    const watch = middleware("watch", (request, next, options) => {
      const answer = next(request, options);
      answer.then(() => ended.push("answered"), ended.push.bind(ended));
      return answer;
    });
    const app = Fastify({ forceCloseConnections: true });
    app.get("/before", () => new Promise(() => {})); // a route that was there before
    await app.register(guard(new ServiceBuilder().layer(watch).layer(limit), { wait: true }));
    app.get("/later", (_request, reply) => void (reply.raw.socket?.remotePort === 0 && reply.send("never")));
    await using server = await listening(app);
    const heard = await unhandledIn(async () => {
      for (const path of ["/before", "/later"]) {
        using client = await wire(server.port);
        client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
        await eventually(() => limit.active === 1);
        using waiter = await wire(server.port);
        waiter.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
        await eventually(() => limit.waiting === 1);
        waiter.socket.destroy();
        await eventually(() => limit.waiting === 0);
        client.socket.destroy();
        await eventually(() => limit.active === 0);
      }
    });
    expect(heard).toEqual([]);
    expect(ended.map(isClientGoneError)).toEqual([true, true]);
  });

  test("HTTP/2: a failure is answered without a header that HTTP/2 does not have", async () => {
    const app = Fastify({ http2: true });
    const answers = { ERR_SLUICE_OVERLOADED: () => ({ status: 426, headers: { upgrade: "h3" } }) };
    await app.register(guard(new ServiceBuilder().layer(timeout({ deadline: true })), { answers }) as never);
    app.get("/", async () => {
      throw new OverloadedError("here");
    });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    const client = connect(url);
    try {
      const stream = client.request({ ":path": "/", "x-timeout-ms": "0" });
      const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
      expect([headers[":status"], headers["connection"]]).toEqual([504, undefined]);
      const [answered] = (await once(client.request({ ":path": "/" }), "response")) as [Record<string, unknown>];
      expect([answered[":status"], answered["upgrade"]]).toEqual([426, undefined]);
    } finally {
      client.destroy();
      await app.close();
    }
  });

  test("the handler of a guarded route, called for a request that has passed no guard, runs as it is", async () => {
    const { limit, plugin } = one();
    const app = Fastify({ forceCloseConnections: true });
    let guarded: RouteHandlerMethod | undefined;
    await app.register(async (inner) => {
      await inner.register(plugin);
      inner.addHook("onRoute", ({ handler }) => {
        guarded = handler;
      });
      inner.get("/guarded", async () => `active: ${limit.active}`);
    });
    app.get("/open", function (request, reply) {
      return guarded?.call(this, request, reply);
    });
    await using server = await listening(app);
    const text = async (path: string) => (await fetch(server.url + path)).text();
    expect([await text("/guarded"), await text("/open")]).toEqual(["active: 1", "active: 0"]);
  });

  test("a layer that gives a request the reply of another is told so (seen: no answer ever)", async () => {
    const heard: unknown[] = [];
    let first: Promise<unknown> | undefined;
    const joining = middleware("joining", (request, next, options) => (first ??= next(request, options)));
    await using server = await served(
      guard(new ServiceBuilder().layer(joining), { onError: (error) => heard.push(String(error)) }),
      (app) => app.get("/", async () => "first"),
    );
    expect(await (await fetch(server.url)).text()).toBe("first");
    expect((await fetch(server.url)).status).toBe(500);
    expect(heard).toEqual([expect.stringContaining("TypeError: guard: the handler must be called for each request")]);
  });

  test("a layer that replaces the request is told so; one that was answered is let alone", async () => {
    const heard: unknown[] = [];
    const replacing = middleware("replacing", (_request, next, options) => next({}, options));
    await using server = await served(
      guard(new ServiceBuilder().layer(replacing), { onError: (error) => heard.push(String(error)) }),
      (app) => app.get("/", async () => "never"),
    );
    expect((await fetch(server.url)).status).toBe(500);
    expect(heard).toEqual([expect.stringContaining("guard: a layer must hand on the request")]);
    expect(() => signalOf({} as never)).toThrow("signalOf: request must have passed a guard");
  });
});

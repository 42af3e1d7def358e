import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { type Adds, middleware, OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { buffer } from "@sluice/buffer";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { deferred, unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import express from "express";
import express4 from "express-4";
import { describe, expect, test } from "vitest";
import {
  type Guard,
  guard,
  type GuardOptions,
  isClientGoneError,
  type NextFunction,
  signalOf,
} from "../../src/node/index.ts";
import { eventually, listen, wire } from "../helper/loopback.ts";

type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  options: { readonly signal?: AbortSignal },
) => unknown;

/** An application whose one route is behind a guard: with `handle`, or as a middleware in front. */
interface App {
  handle(reports: Guard<IncomingMessage>, handler: Handler): Server;
  inFront(reports: Guard<IncomingMessage>, handler: RequestListener): Server;
}

const apps: readonly (readonly [name: string, app: App])[] = [
  [
    "node:http",
    {
      handle: (reports, handler) => createServer(reports.handle(handler)),
      inFront: (reports, handler) =>
        createServer((request, response) => reports(request, response, () => handler(request, response))),
    },
  ],
  [
    "Express 5",
    {
      handle: (reports, handler) => createServer(express().use(reports.handle(handler))),
      inFront: (reports, handler) => createServer(express().use(reports).use(handler)),
    },
  ],
  [
    "Express 4",
    {
      handle: (reports, handler) => createServer(express4().use(reports.handle(handler))),
      inFront: (reports, handler) => createServer(express4().use(reports).use(handler)),
    },
  ],
];

async function readAll(request: IncomingMessage): Promise<void> {
  request.resume();
  await once(request, "end");
}

const one = () => {
  const limit = concurrencyLimit(1);
  return { limit, reports: guard(new ServiceBuilder().layer(limit)) };
};

/** A guard of this stack, whatever it raises. */
const guardOf = (layer: Parameters<ServiceBuilder["layer"]>[0], options: GuardOptions = {}): Guard =>
  (guard as (stack: unknown, options: unknown) => Guard)(new ServiceBuilder().layer(layer), options);

describe.each(apps)("in front of %s", (name, app) => {
  test("a request that is let in reaches the handler, and its answer goes out", async () => {
    const { limit, reports } = one();
    await using server = await listen(app.handle(reports, (request, response) => response.end(`hello ${request.url}`)));
    const response = await fetch(`${server.url}/ann`);
    expect([response.status, await response.text()]).toEqual([200, "hello /ann"]);
    await eventually(() => limit.active === 0);
  });

  test("as a middleware it lets through to what comes after", async () => {
    await using front = await listen(
      app.inFront(one().reports, (request, response) => response.end(`hello ${request.url}`)),
    );
    expect(await (await fetch(`${front.url}/bob`)).text()).toBe("hello /bob");
  });

  test("promise 3: no byte of a refused request's body is asked for", async () => {
    let seen: IncomingMessage | undefined;
    const watch = middleware("watch", (request: IncomingMessage, next, options) => {
      seen = request;
      return next(request, options);
    });
    const reports = guard(new ServiceBuilder().layer(watch).layer(concurrencyLimit(0)));
    const flowing: (boolean | null)[] = [];
    const server = app.handle(reports, () => {});
    server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
      response.once("prefinish", () => flowing.push(request.readableFlowing));
    });
    await using at = await listen(server);
    const response = await fetch(at.url, { method: "POST", body: "a".repeat(100_000) });
    expect(response.status).toBe(503);
    expect(flowing).toEqual([null]);
    expect(seen).toBeUndefined();
  });

  test("promise 6: the client's leaving aborts the signal, also after the body was read", async () => {
    const { limit, reports } = one();
    const signals: (AbortSignal | undefined)[] = [];
    await using server = await listen(
      app.handle(reports, async (request, _response, { signal }) => {
        await readAll(request);
        signals.push(signal, signalOf(request));
        await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      }),
    );
    using client = await wire(server.port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
    await eventually(() => signals.length === 2);
    expect(signals.map((signal) => signal?.aborted)).toEqual([false, false]);
    client.socket.destroy();
    await eventually(() => limit.active === 0);
    expect(signals.map((signal) => isClientGoneError(signal?.reason))).toEqual([true, true]);
  });

  test("a call that its client leaves before its answer was written has no answer, but the reason of the signal", async () => {
    const ended: unknown[] = [];
    const watch = middleware("watch", (request: IncomingMessage, next, options) => {
      const answer = next(request, options);
      answer.then(() => ended.push("answered"), ended.push.bind(ended));
      return answer;
    });
    const reports = guard(new ServiceBuilder().layer(watch));
    let begun = 0;
    // In front of it nothing else is known of the work; and a handler may be done before its answer is out.
    const handlers = [
      app.inFront(reports, () => void begun++),
      app.handle(reports, (_request, response) => {
        begun++;
        response.write("the first half");
      }),
    ];
    for (const handler of handlers) {
      await using server = await listen(handler);
      using client = await wire(server.port);
      client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      await eventually(() => begun > ended.length);
      client.socket.destroy();
      await eventually(() => begun === ended.length);
    }
    expect(ended.map(isClientGoneError)).toEqual([true, true]);
    await using server = await listen(app.inFront(reports, (_request, response) => response.end("whole")));
    expect(await (await fetch(server.url)).text()).toBe("whole");
    await eventually(() => ended.length === 3);
    expect(ended[2]).toBe("answered");
  });

  test("promise 6: neither a body that was read nor completion aborts it", async () => {
    const { limit, reports } = one();
    let signal: AbortSignal | undefined;
    await using server = await listen(
      app.handle(reports, async (request, response, options) => {
        await readAll(request);
        signal = options.signal;
        response.end("done");
      }),
    );
    expect(await (await fetch(server.url, { method: "POST", body: "hello" })).text()).toBe("done");
    await eventually(() => limit.active === 0);
    expect(signal?.aborted).toBe(false);
  });

  test("promise 6: who waits in line leaves it at once, and is never started", async () => {
    const queue = buffer({ capacity: 5 });
    const limit = concurrencyLimit(1);
    const reports = guard(new ServiceBuilder().layer(queue).layer(limit));
    const started: string[] = [];
    const release = deferred();
    await using server = await listen(
      app.handle(reports, async (request, response) => {
        started.push(request.url ?? "");
        await release.promise;
        response.end();
      }),
    );
    const first = fetch(`${server.url}/first`);
    await eventually(() => started.length === 1);
    using second = await wire(server.port);
    second.send("GET /second HTTP/1.1\r\nhost: a\r\n\r\n");
    await eventually(() => queue.queued === 1);
    second.socket.destroy();
    await eventually(() => queue.queued === 0);
    release.resolve();
    expect((await first).status).toBe(200);
    await eventually(() => limit.active === 0);
    expect(started).toEqual(["/first"]);
  });

  test("promise 7: a limit of 1 never has 2 running, whoever leaves", async () => {
    const { limit, reports } = one();
    let [running, most] = [0, 0];
    const release = deferred();
    await using server = await listen(
      app.handle(reports, async (_request, response) => {
        most = Math.max(most, ++running);
        await release.promise;
        running--;
        response.end();
      }),
    );
    for (let n = 0; n < 3; n++) {
      using client = await wire(server.port);
      client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      if (n === 0) await eventually(() => running === 1);
      else await client.until("HTTP/1.1 503");
      client.socket.destroy();
      await eventually(() => client.socket.closed);
    }
    expect([most, limit.active]).toEqual([1, 1]);
    release.resolve();
    await eventually(() => limit.active === 0);
  });

  test("promise 7: it holds until the response has closed, when the handler has settled before", async () => {
    const { limit, reports } = one();
    let finish: () => void = () => {};
    await using server = await listen(
      app.handle(reports, (_request, response) => {
        response.write("half");
        finish = () => response.end();
      }),
    );
    const response = await fetch(server.url);
    expect(limit.active).toBe(1);
    finish();
    await response.text();
    await eventually(() => limit.active === 0);
  });

  test("promise 9: a time-out is answered in time, and what is written after it reaches nobody", async () => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(1, { clock });
    const reports = guard(new ServiceBuilder().layer(limit).layer(timeout({ call: 100, clock })));
    const release = deferred();
    let [begun, written] = [false, false];
    let reason: unknown;
    await using server = await listen(
      app.handle(reports, async (_request, response, { signal }) => {
        begun = true;
        response.setHeader("cache-control", "public, max-age=3600");
        response.statusMessage = "Created";
        await release.promise;
        reason = signal?.reason;
        // In a callback, what these throw would end the process.
        response.setHeader("x-late", "1").removeHeader("x-late");
        response.writeHead(200, { "x-later": "1" }).write("late");
        response.end("later");
        written = true;
        throw new Error("late");
      }),
    );
    const answer = fetch(server.url);
    await eventually(() => begun);
    await clock.advance(100);
    const response = await answer;
    const { status, statusText, headers } = response;
    expect([status, statusText, headers.get("connection"), headers.get("cache-control")]).toEqual([
      504,
      "Gateway Timeout",
      "close",
      null,
    ]);
    expect(await response.json()).toMatchObject({ status: 504, type: "about:blank" });
    expect(limit.active).toBe(1);
    const reported = await unhandledIn(async () => {
      release.resolve();
      await eventually(() => limit.active === 0);
    });
    expect(reported).toEqual([]);
    expect(isTimeoutError(reason)).toBe(true);
    expect(written).toBe(true);
  });

  test("promise 9: a response whose head is out is cut, so that the client sees that it is not whole", async () => {
    const clock = new VirtualClock();
    const reports = guard(new ServiceBuilder().layer(timeout({ call: 100, clock })));
    await using server = await listen(
      app.handle(reports, (_request, response) => {
        response.write("half");
        return new Promise(() => {});
      }),
    );
    const response = await fetch(server.url);
    await clock.advance(100);
    await expect(response.text()).rejects.toThrow("terminated");
  });

  test("promise 10: failures have the status, type and headers of the table", async () => {
    const clock = new VirtualClock();
    const limited = guard(new ServiceBuilder().layer(rateLimit({ limit: 1, interval: 30_000, clock })), { clock });
    await using server = await listen(app.handle(limited, (_request, response) => response.end()));
    expect((await fetch(server.url)).status).toBe(200);
    const refused = await fetch(server.url);
    expect([refused.status, refused.headers.get("retry-after"), refused.headers.get("content-type")]).toEqual([
      429,
      "30",
      "application/problem+json",
    ]);
    const head = await fetch(server.url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([429, ""]);
  });

  test("promise 10: an error that nobody declared is 500, and says nothing of itself", async () => {
    const heard: unknown[] = [];
    const failure = new Error("secret");
    const reports = guardOf(undefined, { onError: (error) => heard.push(error) });
    const server = app.handle(reports, async () => {
      throw failure;
    });
    // The final handlers of Express say more, unless they are in production.
    const before = process.env["NODE_ENV"];
    process.env["NODE_ENV"] = "production";
    await using at = await listen(server);
    const response = await fetch(at.url);
    process.env["NODE_ENV"] = before;
    expect(response.status).toBe(500);
    expect(name === "node:http" ? await response.text() : "").not.toContain("secret");
    expect(heard).toEqual([failure]);
  });

  test("promise 11: the client's time arrives as the deadline, and what has none left reaches nobody", async () => {
    const clock = new VirtualClock(1_000);
    const deadlines: unknown[] = [];
    const reports = guardOf(undefined, { clock });
    await using server = await listen(
      app.handle(reports, (_request, response, options) => {
        deadlines.push((options as { readonly deadline?: number }).deadline);
        response.end();
      }),
    );
    const asked = async (left: string): Promise<number> =>
      (await fetch(server.url, { headers: { "x-timeout-ms": left } })).status;
    expect([await asked("250"), await asked("soon"), await asked("0")]).toEqual([200, 200, 504]);
    expect(deadlines).toEqual([1_250, undefined]);
  });

  test("promise 13: the work runs in the async context of its request, whoever it waited for", async () => {
    const id = new AsyncLocalStorage<string>();
    const limit = concurrencyLimit(1);
    const reports = guard(new ServiceBuilder().layer(buffer({ capacity: 5 })).layer(limit));
    const seen: (string | undefined)[] = [];
    const server = app.handle(reports, async (request, response) => {
      seen.push(`${request.url} ${id.getStore()}`);
      await new Promise((resolve) => setImmediate(resolve));
      response.end();
    });
    const [listener] = server.listeners("request") as [RequestListener];
    server.removeAllListeners("request");
    server.on("request", (request: IncomingMessage, response: ServerResponse) =>
      id.run(`in ${request.url}`, () => listener(request, response as never)),
    );
    await using at = await listen(server);
    await Promise.all(["/a", "/b", "/c"].map(async (path) => (await fetch(at.url + path)).text()));
    expect([...seen].sort((a = "", b = "") => a.localeCompare(b))).toEqual(["/a in /a", "/b in /b", "/c in /c"]);
  });

  test("in front of all handlers, a call lasts until the response has closed", async () => {
    const { limit, reports } = one();
    const answers: ServerResponse[] = [];
    await using server = await listen(app.inFront(reports, (_request, response) => void answers.push(response)));
    const first = fetch(server.url);
    await eventually(() => answers.length === 1);
    expect((await fetch(server.url)).status).toBe(503);
    answers[0]?.end("first");
    expect(await (await first).text()).toBe("first");
    await eventually(() => limit.active === 0);
  });
});

describe("in Express", () => {
  test("an error that nobody declared goes to the error handlers, and holds its permit until they have answered", async () => {
    const { limit, reports } = one();
    const failures: unknown[] = [];
    const app = express();
    app.get(
      "/",
      reports.handle(() => Promise.reject(new Error("down"))),
    );
    app.use((error: Error, _request: express.Request, response: express.Response, _next: NextFunction) => {
      failures.push(error.message, limit.active);
      response.status(418).end();
    });
    await using server = await listen(createServer(app));
    expect((await fetch(server.url)).status).toBe(418);
    expect(failures).toEqual(["down", 1]);
    await eventually(() => limit.active === 0);
  });

  test("a body parser in front of the guard reads before admission, and behind it after", async () => {
    for (const [first, read] of [
      ["parser", true],
      ["guard", false],
    ] as const) {
      const full = guard(new ServiceBuilder().layer(concurrencyLimit(0)));
      let parsed = false;
      const app = express();
      const parser = express.text({ verify: () => void (parsed = true) });
      if (first === "parser") app.use(parser, full);
      else app.use(full, parser);
      await using server = await listen(createServer(app));
      const response = await fetch(server.url, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body: "hello",
      });
      expect([response.status, parsed]).toEqual([503, read]);
    }
  });
});

describe("a guard inside another", () => {
  test("its handler is told when the outer one gives up, and by when it will", async () => {
    const clock = new VirtualClock();
    const outer = guard(new ServiceBuilder().layer(timeout({ call: 100, clock })), { clock });
    const inner = guard(new ServiceBuilder().layer(concurrencyLimit(1)), { clock });
    const seen: { signal?: AbortSignal | undefined; deadline?: number | undefined } = {};
    const app = express();
    app.use(outer);
    app.use(
      inner.handle((_request, _response, { signal, deadline }) => {
        Object.assign(seen, { signal, deadline });
        return new Promise(() => {});
      }),
    );
    await using server = await listen(createServer(app));
    const answer = fetch(server.url, { headers: { "x-timeout-ms": "5000" } });
    await eventually(() => seen.signal !== undefined);
    expect(seen.deadline).toBe(clock.now() + 100);
    await clock.advance(100);
    expect((await answer).status).toBe(504);
    expect(isTimeoutError(seen.signal?.reason)).toBe(true);
  });

  test("each counts until the handler has settled and the response has closed", async () => {
    const limits = [concurrencyLimit(1), concurrencyLimit(1)] as const;
    const app = express();
    app.use(guard(new ServiceBuilder().layer(limits[0])));
    app.use(guard(new ServiceBuilder().layer(limits[1])).handle((_request, response) => response.end("done")));
    await using server = await listen(createServer(app));
    for (let n = 0; n < 3; n++) {
      expect(await (await fetch(server.url)).text()).toBe("done");
      await eventually(() => limits.every(({ active }) => active === 0));
    }
  });
});

test("a handler that throws at once holds its permit until it is answered", async () => {
  const { limit, reports } = one();
  const seen: number[] = [];
  const app = express();
  app.use(
    reports.handle(() => {
      throw new Error("at once");
    }),
  );
  app.use((_error: Error, _request: express.Request, response: express.Response, _next: NextFunction) => {
    seen.push(limit.active);
    response.status(418).end();
  });
  await using server = await listen(createServer(app));
  expect((await fetch(server.url)).status).toBe(418);
  expect(seen).toEqual([1]);
  await eventually(() => limit.active === 0);
});

describe("the guard", () => {
  class QuotaError extends Error {
    readonly code = "QUOTA";
  }

  test("answers a failure of one's own as it is told", async () => {
    const quota = middleware<Adds<QuotaError>>("quota", () => Promise.reject(new QuotaError()));
    const reports = guard(new ServiceBuilder().layer(quota), {
      answers: { QUOTA: (_error, { url }) => ({ status: 402, instance: url }) },
    });
    await using server = await listen(createServer(reports.handle(() => {})));
    expect(await (await fetch(`${server.url}/pay`)).json()).toMatchObject({ status: 402, instance: "/pay" });
  });

  test.each([
    "CDN-Cache-Control",
    "Cloudflare-CDN-Cache-Control",
    "Netlify-CDN-Cache-Control",
    "Vercel-CDN-Cache-Control",
    "Surrogate-Control",
    "Content-Digest",
    "Repr-Digest",
    "Digest",
    "Content-MD5",
  ])("promise 10: a refusal has no %s that was meant for another answer", async (field) => {
    const full = guard(new ServiceBuilder().layer(concurrencyLimit(0)));
    await using server = await listen(
      createServer((request, response) => {
        response.setHeader(field, "max-age=3600").setHeader("x-everywhere", "1");
        full.handle(() => {})(request, response);
      }),
    );
    const { status, headers } = await fetch(server.url);
    expect([status, headers.get("x-everywhere"), headers.has(field)]).toEqual([503, "1", false]);
  });

  test("a handler's declared failure is answered, too", async () => {
    const reports = guard(new ServiceBuilder());
    await using server = await listen(
      createServer(reports.handle(() => Promise.reject(new OverloadedError("database", { retryAfter: 2_000 })))),
    );
    const response = await fetch(server.url);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
  });

  test("a failure after the head is out cuts the response; after its end it is only heard of", async () => {
    const heard: unknown[] = [];
    const reports = guardOf(undefined, { onError: (error) => heard.push(String(error)) });
    await using server = await listen(
      createServer(
        reports.handle(async ({ url }, response) => {
          if (url === "/half") response.write("half");
          else response.end("whole");
          throw new Error(url);
        }),
      ),
    );
    await expect(fetch(`${server.url}/half`).then((response) => response.text())).rejects.toThrow("terminated");
    expect(await (await fetch(`${server.url}/whole`)).text()).toBe("whole");
    expect(heard).toEqual(["Error: /half", "Error: /whole"]);
  });

  test("a failure of a client that has left is nobody's", async () => {
    const heard: unknown[] = [];
    const limit = concurrencyLimit(1);
    const reports = guardOf(limit, { onError: (error) => heard.push(error) });
    await using server = await listen(
      createServer(
        reports.handle(
          (_request, _response, { signal }) =>
            new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("broken off")))),
        ),
      ),
    );
    using client = await wire(server.port);
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await eventually(() => limit.active === 1);
    client.socket.destroy();
    await eventually(() => limit.active === 0);
    expect(heard).toEqual([]);
  });

  test("with wait: true a request stands in line", async () => {
    const limit = concurrencyLimit(1);
    const reports = guard(new ServiceBuilder().layer(limit), { wait: true });
    const release = deferred();
    await using server = await listen(
      createServer(
        reports.handle(async (_request, response) => {
          await release.promise;
          response.end();
        }),
      ),
    );
    const answers = [fetch(server.url), fetch(server.url)];
    await eventually(() => limit.waiting === 1);
    release.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });

  test("a request that was answered, or whose client has left, before it came here, is let alone", async () => {
    const { limit, reports } = one();
    let called = 0;
    const handler = reports.handle(() => void called++);
    let left = false;
    await using server = await listen(
      createServer((request, response) => {
        if (request.url === "/answered") {
          response.end("before");
          handler(request, response);
        } else {
          response.once("close", () => {
            left = true;
            handler(request, response);
          });
        }
      }),
    );
    expect(await (await fetch(`${server.url}/answered`)).text()).toBe("before");
    using client = await wire(server.port);
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    client.socket.destroy();
    await eventually(() => left);
    expect([called, limit.active]).toEqual([0, 0]);
  });

  test("of 500 pipelined requests each takes a permit of its own, and nothing is held when their client leaves", async () => {
    const limit = concurrencyLimit(1_000);
    const reports = guard(new ServiceBuilder().layer(limit));
    const open: ServerResponse[] = [];
    await using server = await listen(createServer(reports.handle((_request, response) => void open.push(response))));
    using client = await wire(server.port);
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(500));
    await eventually(() => open.length > 100);
    expect(limit.active).toBe(open.length);
    for (const response of open.slice(0, 50)) response.end("x");
    client.socket.destroy();
    await eventually(() => limit.active === 0);
    expect(open.length).toBeLessThanOrEqual(500);
  });

  describe("of a pipelined request that waits for an earlier answer", () => {
    const two = "GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n";

    test("nothing is held when its client has left while an earlier middleware had it", async () => {
      const { limit, reports } = one();
      const authenticated = deferred();
      const asked: IncomingMessage[] = [];
      let called = 0;
      await using server = await listen(
        createServer((request, response) => {
          asked.push(request);
          if (request.url === "/second") {
            void authenticated.promise.then(() => reports(request, response, () => void called++));
          }
        }),
      );
      using client = await wire(server.port);
      client.send(two);
      await eventually(() => asked.length === 2);
      client.socket.destroy();
      await eventually(() => asked[0]?.socket.closed === true);
      authenticated.resolve();
      await authenticated.promise;
      expect([called, limit.active]).toEqual([0, 0]);
    });

    test("neither of two guards holds anything when its client leaves", async () => {
      const limits = [concurrencyLimit(2), concurrencyLimit(2)] as const;
      const [outer, inner] = limits.map((limit) => guard(new ServiceBuilder().layer(limit))) as [Guard, Guard];
      let begun = 0;
      await using server = await listen(
        createServer((request, response) => {
          outer(request, response, () => inner(request, response, () => void begun++));
        }),
      );
      using client = await wire(server.port);
      client.send(two);
      await eventually(() => begun === 2);
      expect(limits.map(({ active }) => active)).toEqual([2, 2]);
      client.socket.destroy();
      await eventually(() => limits.every(({ active }) => active === 0));
    });
  });

  test("a layer that calls twice, or replaces the request, is told so", async () => {
    const heard: unknown[] = [];
    const twice = middleware("twice", async (request: IncomingMessage, next, options, inner) => {
      void next(request, options).catch(() => {});
      return (inner as Service<IncomingMessage, ServerResponse>).call(request, options);
    });
    const replacing = middleware("replacing", (_request, next, options) => next({}, options));
    for (const layer of [twice, replacing]) {
      const reports = guardOf(layer, { onError: (error) => heard.push(String(error)) });
      await using server = await listen(createServer(reports.handle(() => new Promise(() => {}))));
      expect((await fetch(server.url)).status).toBe(500);
    }
    expect(heard).toEqual([
      expect.stringContaining("TypeError: guard: the handler must be called once for each request"),
      expect.stringContaining("TypeError: guard: a layer must hand on the request that it is given"),
    ]);
  });

  test("a layer that gives a request the response of another, as single flight does, is told so (seen: no answer ever)", async () => {
    const heard: unknown[] = [];
    let first: Promise<unknown> | undefined;
    const joining = middleware("joining", (request, next, options) => (first ??= next(request, options)));
    const reports = guardOf(joining, { onError: (error) => heard.push(String(error)) });
    await using server = await listen(createServer(reports.handle((_request, response) => response.end("first"))));
    expect(await (await fetch(server.url)).text()).toBe("first");
    expect((await fetch(server.url)).status).toBe(500);
    expect(heard).toEqual([expect.stringContaining("TypeError: guard: the handler must be called for each request")]);
  });

  test("a layer may answer by the request's own response", async () => {
    const reports = guard(
      new ServiceBuilder().layer(
        middleware("closed", (request: IncomingMessage & { res?: ServerResponse }) => {
          const response = request.res as ServerResponse;
          setImmediate(() => response.writeHead(503).end("closed"));
          return Promise.resolve(response);
        }),
      ),
    );
    await using server = await listen(createServer(express().use(reports.handle(() => {}))));
    expect(await (await fetch(server.url)).text()).toBe("closed");
  });

  test("signalOf refuses a request that has passed no guard", () => {
    expect(() => signalOf({} as IncomingMessage)).toThrow("signalOf: request must have passed a guard");
    expect(() => signalOf(undefined as never)).toThrow(TypeError);
  });

  test("what it is made of is checked at once", () => {
    expect(() => guard(5 as never)).toThrow(
      "guard: stack must be a stack of layers, new ServiceBuilder().layer(…) (with serviceFn); received 5",
    );
    expect(() => guardOf(undefined, { waits: true } as GuardOptions)).toThrow(
      "guard: waits is not an option; did you mean wait?",
    );
    expect(() => guard(new ServiceBuilder()).handle(5 as never)).toThrow(
      "guard.handle: handler must be a function; received 5",
    );
    expect(() => guard(new ServiceBuilder())({} as IncomingMessage, {} as ServerResponse, undefined as never)).toThrow(
      "guard: next must be a function; received undefined",
    );
  });
});

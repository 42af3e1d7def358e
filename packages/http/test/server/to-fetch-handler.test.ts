import { AsyncLocalStorage } from "node:async_hooks";
import {
  gate,
  middleware,
  OverloadedError,
  raises,
  refuse,
  Semaphore,
  Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { buffer, BufferClosedError } from "@sluice/buffer";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { mockService, VirtualClock } from "@sluice/testing";
import { deferred, unhandledIn } from "@sluice/test-kit";
import { timeout, TimeoutError } from "@sluice/timeout";
import { RouteNotFoundError } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import { BodyTooLargeError, toFetchHandler, untilBodyEnds } from "../../src/index.ts";
import { ask, settle, source, statusNow, told, upload } from "../helper/web.ts";

const types = "https://iana.org/assignments/http-problem-types#";
const ok = (): Promise<Response> => Promise.resolve(new Response("ok"));

/** A service with one place, which a test takes and gives back. */
function single() {
  const clock = new VirtualClock();
  const limit = concurrencyLimit(1, { clock });
  const [inner, handle] = mockService<Request, Response, never>();
  const service = new ServiceBuilder().layer(limit).service(inner);
  return { clock, limit, handle, service };
}

/** Whatever can be thrown. */
const odd = [new Error("secret"), undefined, null, "secret", 5, Object.create(null), { code: 5 }, Symbol("secret")];

describe("promise 2: its promise is never rejected", () => {
  test.each(odd)("whatever is thrown in the call: %s", async (error) => {
    const heard: unknown[] = [];
    const options = { onError: (each: unknown) => heard.push(each) };
    const thrown = toFetchHandler(
      serviceFn((_request: Request): Response => {
        throw error;
      }),
      options,
    );
    const rejected = toFetchHandler(
      serviceFn((_request: Request): Promise<Response> => Promise.reject(error)),
      options,
    );
    expect((await thrown(ask())).status).toBe(500);
    expect((await rejected(ask())).status).toBe(500);
    expect(heard).toEqual([error, error]);
  });

  test.each([true, false])("a failure of readiness, with wait: %s", async (wait) => {
    const [inner, handle] = mockService<Request, Response, never>();
    const handler = toFetchHandler(inner, { wait });
    handle.sendFailure(new Error("secret"));
    expect((await handler(ask())).status).toBe(500);
    handle.sendFailure(new BufferClosedError());
    expect((await handler(ask())).status).toBe(503);
  });

  test("an answer that throws, or is no problem, is 500, and heard of", async () => {
    class QuotaError extends Error {
      readonly code = "QUOTA";
    }
    const heard: unknown[] = [];
    const failing = serviceFn(
      (_request: Request): Promise<Response> => Promise.reject(new QuotaError()),
      raises<QuotaError>(),
    );
    const failure = new Error("secret");
    for (const answer of [
      () => {
        throw failure;
      },
      () => ({ status: 200 }),
      () => "402" as never,
      () => undefined as never,
    ]) {
      const handler = toFetchHandler(failing, { answers: { QUOTA: answer }, onError: (error) => heard.push(error) });
      const response = await handler(ask());
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain("secret");
    }
    expect(heard[0]).toBe(failure);
    expect(heard.slice(1).map((error) => (error as Error).name)).toEqual(["RangeError", "TypeError", "TypeError"]);
  });

  test("a handler that answers with nothing is 500", async () => {
    const heard: unknown[] = [];
    const nothing = serviceFn((_request: Request) => undefined as unknown as Response);
    const response = await toFetchHandler(nothing, { onError: (error) => heard.push(error) })(ask());
    expect(response.status).toBe(500);
    expect(String(heard[0])).toContain("must answer with a Response");
  });

  test("what onError throws is reported, and the answer is the same", async () => {
    const handler = toFetchHandler(
      serviceFn((_request: Request): Promise<Response> => Promise.reject(new Error("first"))),
      {
        onError: () => {
          throw new Error("second");
        },
      },
    );
    let status = 0;
    const reported = await unhandledIn(async () => {
      status = (await handler(ask())).status;
    });
    expect(status).toBe(500);
    expect(reported.map(String)).toEqual(["Error: second"]);
  });

  test("a class for answers that throws is reported, and the global one takes its place", async () => {
    class Broken extends Response {
      constructor() {
        super();
        throw new Error("broken");
      }
    }
    const handler = toFetchHandler(new ServiceBuilder().layer(concurrencyLimit(0)).serviceFn(ok), { Response: Broken });
    let status = 0;
    const reported = await unhandledIn(async () => {
      status = (await handler(ask())).status;
    });
    expect(status).toBe(503);
    expect(reported.map(String)).toEqual(["Error: broken"]);
  });

  test("a request of no make at all", async () => {
    const handler = toFetchHandler(serviceFn(ok));
    expect((await handler(undefined as unknown as Request)).status).toBe(500);
  });
});

describe("promise 3: readiness comes first", () => {
  test("no byte of a refused request's body is asked for", async () => {
    const { service, handle } = single();
    const handler = toFetchHandler(service);
    const first = handler(ask());
    await handle.nextRequest().then(({ respond }) => respond(new Response()));
    await first;
    using held = service.tryReady();
    expect(held).toBeDefined();
    const body = source("a", "b");
    expect((await handler(upload(body.stream))).status).toBe(503);
    expect(body.pulled).toBe(0);
  });
});

describe("promise 4: nobody waits but in the stack's own buffer", () => {
  test("a request that there is no room for is refused, and stands in no line", async () => {
    const { service, limit, handle } = single();
    const handler = toFetchHandler(service);
    const first = handler(ask());
    expect(await told(await handler(ask()))).toMatchObject({ status: 503 });
    expect(limit.waiting).toBe(0);
    (await handle.nextRequest()).respond(new Response("ok"));
    expect((await first).status).toBe(200);
  });

  test("a buffer in the stack holds as many as it has room for", async () => {
    const [inner, handle] = mockService<Request, Response, never>();
    const queue = buffer({ capacity: 1 });
    const handler = toFetchHandler(new ServiceBuilder().layer(queue).layer(concurrencyLimit(1)).service(inner));
    const [first, second, third] = [handler(ask()), handler(ask()), handler(ask())];
    expect((await third).status).toBe(503);
    expect(queue.queued).toBe(1);
    for (const _ of [first, second]) (await handle.nextRequest()).respond(new Response());
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  test("with wait: true it stands in line, and leaves it with its client", async () => {
    const { limit, handle, service } = single();
    const handler = toFetchHandler(service, { wait: true });
    const first = handler(ask());
    const gone = new AbortController();
    const second = handler(ask("/", { signal: gone.signal }));
    const third = handler(ask());
    await settle();
    expect(limit.waiting).toBe(2);
    gone.abort();
    expect((await second).status).toBe(499);
    expect(limit.waiting).toBe(1);
    (await handle.nextRequest()).respond(new Response());
    (await handle.nextRequest()).respond(new Response());
    expect([(await first).status, (await third).status]).toEqual([200, 200]);
  });
});

describe("promise 6: the client's leaving", () => {
  test("aborts the signal that the handler is given, and nobody is told of what comes of it", async () => {
    const heard: unknown[] = [];
    const gone = new AbortController();
    const handler = toFetchHandler(
      serviceFn(
        (_request: Request, { signal }) =>
          new Promise<Response>((_resolve, reject) =>
            signal?.addEventListener("abort", () => reject(new Error("broken off"))),
          ),
      ),
      { onError: (error) => heard.push(error) },
    );
    const answer = handler(ask("/", { signal: gone.signal }));
    gone.abort();
    expect((await answer).status).toBe(499);
    expect(heard).toEqual([]);
  });

  test("before it was let in, reaches nobody", async () => {
    const [inner, handle] = mockService<Request, Response, never>();
    const response = await toFetchHandler(inner)(ask("/", { signal: AbortSignal.abort("left") }));
    expect(response.status).toBe(499);
    handle.expectNoRequest();
    expect(handle.reserved).toBe(0);
  });

  test("neither a body that was read nor completion aborts it", async () => {
    let signal: AbortSignal | undefined;
    const handler = toFetchHandler(
      serviceFn(async (request: Request, options) => {
        signal = options.signal;
        return new Response(await request.text());
      }),
    );
    const response = await handler(ask("/", { method: "POST", body: "hello" }));
    expect(await response.text()).toBe("hello");
    expect(signal?.aborted).toBe(false);
  });
});

describe("promise 8: a permit is held until a streamed body has ended", () => {
  const streaming = (response: () => Response) => {
    const limit = concurrencyLimit(1);
    const handler = toFetchHandler(
      new ServiceBuilder()
        .layer(limit)
        .layer(untilBodyEnds())
        .serviceFn(async (_request: Request) => response()),
    );
    return { limit, handler };
  };

  test("when it is read to its end", async () => {
    const { limit, handler } = streaming(() => new Response(source("a", "b").stream));
    const response = await handler(ask());
    await settle();
    expect(limit.active).toBe(1);
    expect((await handler(ask())).status).toBe(503);
    expect(await response.text()).toBe("ab");
    await settle();
    expect(limit.active).toBe(0);
  });

  test("when an answer to HEAD has an endless body, which is cancelled", async () => {
    const endless = source(...Array.from({ length: 1_000 }, () => "x"));
    const { limit, handler } = streaming(() => new Response(endless.stream, { headers: { "x-here": "yes" } }));
    const response = await handler(ask("/", { method: "HEAD" }));
    expect([response.status, response.headers.get("x-here"), response.body]).toEqual([200, "yes", null]);
    await settle();
    expect(endless.pulled).toBe(0);
    expect(endless.cancelled).toBeDefined();
    expect(limit.active).toBe(0);
  });

  test("HEAD, answered with a body that was read, or is locked", async () => {
    const locked = new Response("a");
    locked.body?.getReader();
    const read = new Response("a");
    await read.text();
    for (const response of [locked, read]) {
      const handler = toFetchHandler(serviceFn(async (_request: Request) => response));
      expect((await handler(ask("/", { method: "HEAD" }))).body).toBe(null);
    }
  });
});

describe("promise 9: a time-out is answered in time", () => {
  test("and what comes after it reaches nobody", async () => {
    const clock = new VirtualClock();
    const [inner, handle] = mockService<Request, Response, never>();
    const limit = concurrencyLimit(1, { clock });
    const handler = toFetchHandler(
      new ServiceBuilder()
        .layer(limit)
        .layer(timeout({ call: 100, clock }))
        .service(inner),
    );
    const answer = handler(ask());
    const late = await handle.nextRequest();
    await clock.advance(99);
    expect(await statusNow(answer)).toBe("open");
    await clock.advance(1);
    const response = await answer;
    expect(response.headers.get("connection")).toBe("close");
    expect(await told(response)).toEqual({ status: 504, type: "about:blank", retryAfter: null });
    expect(late.options.signal?.aborted).toBe(true);
    expect(limit.active).toBe(1);
    expect(
      await unhandledIn(async () => {
        late.fail(new Error("too late"));
        await settle();
      }),
    ).toEqual([]);
    expect(limit.active).toBe(0);
  });
});

describe("promise 10: the status, type and headers of each failure", () => {
  const failing = (error: unknown): Service<Request, Response, never> =>
    serviceFn((_request: Request): Promise<Response> => Promise.reject(error));
  const coded = (code: string): Error => Object.assign(new Error("secret"), { code });

  test.each<readonly [error: Error, status: number, type: string, retryAfter: string | null]>([
    [new OverloadedError("limit", { retryAfter: 1_200 }), 503, `${types}temporary-reduced-capacity`, "2"],
    [
      new OverloadedError("limit", { reason: "priority", retryAfter: 0 }),
      503,
      `${types}temporary-reduced-capacity`,
      "1",
    ],
    [
      new OverloadedError("mine", { reason: "mine", retryAfter: 1e12 }),
      503,
      `${types}temporary-reduced-capacity`,
      "2147484",
    ],
    [new OverloadedError("rate", { reason: "rate", retryAfter: 4_000 }), 429, `${types}quota-exceeded`, "4"],
    [new OverloadedError("breaker", { reason: "circuit", retryAfter: 9_000 }), 503, "about:blank", "9"],
    [new TimeoutError("call", 5), 504, "about:blank", null],
    [new TimeoutError("deadline", 5), 504, "about:blank", null],
    [new RouteNotFoundError("k"), 404, "about:blank", null],
    [new BodyTooLargeError(5), 413, "about:blank", null],
    [coded("ERR_SLUICE_HTTP_STATUS"), 502, "about:blank", null],
    [coded("ERR_SLUICE_HTTP_NETWORK"), 502, "about:blank", null],
    [coded("ELSE"), 500, "about:blank", null],
  ])("%s", async (error, status, type, retryAfter) => {
    const response = await toFetchHandler(failing(error))(ask());
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const body = await response.clone().text();
    expect(body).not.toContain("secret");
    expect(JSON.parse(body)).toMatchObject({ status, title: expect.stringMatching(/./) as unknown });
    expect(await told(response)).toEqual({ status, type, retryAfter });
  });

  test("a refusal where nobody knows a time is told one of the default range, and not always the same", async () => {
    const said = new Set<string | null>();
    for (const error of [
      new OverloadedError("limit"),
      new OverloadedError("rate", { reason: "rate" }),
      new BufferClosedError(),
    ]) {
      for (let n = 0; n < 50; n++) said.add((await told(await toFetchHandler(failing(error))(ask()))).retryAfter);
    }
    expect([...said].sort((a, b) => Number(a) - Number(b))).toEqual(["1", "2", "3"]);
  });

  test("or of the range that it is given, or the very time", async () => {
    const said = new Set<string | null>();
    for (let n = 0; n < 100; n++) {
      const handler = toFetchHandler(failing(new OverloadedError()), { retryAfter: { min: 4_001, max: 6_000 } });
      said.add((await told(await handler(ask()))).retryAfter);
    }
    expect([...said].sort((a, b) => Number(a) - Number(b))).toEqual(["5", "6"]);
    const exact = toFetchHandler(failing(new OverloadedError()), { retryAfter: 7_000 });
    expect((await told(await exact(ask()))).retryAfter).toBe("7");
  });

  test("an edge that finds no permit says who refused, why, and for how long", async () => {
    const clock = new VirtualClock();
    const rate = rateLimit({ limit: 1, interval: 5_000, clock });
    const handler = toFetchHandler(new ServiceBuilder().layer(rate).serviceFn(ok));
    await handler(ask());
    expect(await told(await handler(ask()))).toEqual({ status: 429, type: `${types}quota-exceeded`, retryAfter: "5" });
    // A layer that says nothing refuses for want of capacity; what was left before is not its reason.
    refuse("somebody else", { reason: "rate" });
    const silent = Object.assign(Object.create(Service.prototype) as Service<Request, Response, never>, {
      tryReady: () => undefined,
      ready: () => new Promise<never>(() => {}),
    });
    expect((await told(await toFetchHandler(silent)(ask()))).status).toBe(503);
  });

  test("one's own are as answers say, and so are those that it answers otherwise", async () => {
    class QuotaError extends Error {
      readonly code = "QUOTA";
    }
    const heard: unknown[] = [];
    const handler = (error: Error) =>
      toFetchHandler(
        serviceFn((_request: Request): Promise<Response> => Promise.reject(error), raises<QuotaError>()),
        {
          answers: {
            QUOTA: (_error, { url }) => ({
              status: 402,
              type: "https://example.org/credit",
              detail: "No credit is left.",
              instance: new URL(url).pathname,
              retryAfter: 60_000,
              headers: { "X-Credit": "0" },
              extensions: { balance: 0 },
            }),
            ERR_SLUICE_OVERLOADED: ({ layer = "" }) => ({ status: 529, title: `${layer} is full` }),
          },
          onError: (error_) => heard.push(error_),
        },
      )(ask("/pay"));
    const response = await handler(new QuotaError());
    expect(response.headers.get("x-credit")).toBe("0");
    expect(response.headers.get("retry-after")).toBe("60");
    expect(await response.json()).toEqual({
      balance: 0,
      type: "https://example.org/credit",
      status: 402,
      detail: "No credit is left.",
      instance: "/pay",
    });
    expect(await (await handler(new OverloadedError("desk"))).json()).toMatchObject({
      status: 529,
      title: "desk is full",
    });
    expect(heard).toEqual([]);
  });

  test("a refusal that the edge finds goes through its answers, too", async () => {
    const handler = toFetchHandler(new ServiceBuilder().layer(concurrencyLimit(0)).serviceFn(ok), {
      answers: { ERR_SLUICE_OVERLOADED: ({ layer = "" }) => ({ status: 503, detail: layer }) },
    });
    expect(await (await handler(ask())).json()).toMatchObject({ detail: "concurrencyLimit" });
  });

  test("answers to failures are made of the class that it is given", async () => {
    class Fast extends Response {}
    const handler = toFetchHandler(failing(new Error("secret")), { Response: Fast });
    expect(await handler(ask())).toBeInstanceOf(Fast);
  });
});

describe("promise 11: the client's time", () => {
  const timed = (value: string | undefined, options: { readonly timeoutHeader?: string | false } = {}) => {
    const clock = new VirtualClock(5_000);
    const [inner, handle] = mockService<Request, Response, never>();
    const handler = toFetchHandler(inner, { clock, ...options });
    const header = typeof options.timeoutHeader === "string" ? options.timeoutHeader : "x-timeout-ms";
    const answer = handler(ask("/", value === undefined ? {} : { headers: { [header]: value } }));
    return { clock, handle, answer };
  };

  test.each(["1", "1500", "2147483647"])("%s ms become the deadline", async (value) => {
    const { clock, handle, answer } = timed(value);
    const { options, respond } = await handle.nextRequest();
    expect(options.deadline).toBe(clock.now() + Number(value));
    respond(new Response());
    expect((await answer).status).toBe(200);
  });

  test("without any time left it is 504, and reaches nobody", async () => {
    const { handle, answer } = timed("0");
    expect(await told(await answer)).toMatchObject({ status: 504, type: "about:blank" });
    handle.expectNoRequest();
  });

  test.each(["", "-1", "1.5", "1e3", "0x10", "soon", "12345678901", "9999999999", "2147483648", " ", "5, 6"])(
    "%j is ignored",
    async (value) => {
      const { handle } = timed(value);
      expect((await handle.nextRequest()).options.deadline).toBeUndefined();
    },
  );

  test("comes in the header that it is told, or in none", async () => {
    const { handle } = timed("100", { timeoutHeader: "X-Left" });
    expect((await handle.nextRequest()).options.deadline).toBeDefined();
    const { handle: deaf } = timed("100", { timeoutHeader: false });
    expect((await deaf.nextRequest()).options.deadline).toBeUndefined();
  });

  test("can only shorten what a time-out in the stack allows", async () => {
    const clock = new VirtualClock();
    const [inner] = mockService<Request, Response, never>();
    const service = new ServiceBuilder().layer(timeout({ call: 100, clock })).service(inner);
    const handler = toFetchHandler(service, { clock });
    const shorter = handler(ask("/", { headers: { "x-timeout-ms": "30" } }));
    const longer = handler(ask("/", { headers: { "x-timeout-ms": "5000" } }));
    await clock.advance(30);
    expect([await statusNow(shorter), await statusNow(longer)]).toEqual([504, "open"]);
    await clock.advance(70);
    expect((await longer).status).toBe(504);
  });
});

describe("promise 12: work that goes on", () => {
  const abandoned = () => {
    const clock = new VirtualClock();
    const [inner, handle] = mockService<Request, Response, never>();
    const service = new ServiceBuilder().layer(timeout({ call: 10, clock })).service(inner);
    return { clock, handle, service };
  };

  test("is handed to the waitUntil of the runtime's own object, once, and never rejects", async () => {
    const { clock, handle, service } = abandoned();
    class Context {
      readonly #works: Promise<unknown>[] = [];
      waitUntil(work: Promise<unknown>): void {
        this.#works.push(work);
      }
      get works() {
        return this.#works;
      }
    }
    const context = new Context();
    const answer = toFetchHandler(service)(ask(), { env: 1 }, context);
    const work = await handle.nextRequest();
    await clock.advance(10);
    expect((await answer).status).toBe(504);
    expect(context.works).toHaveLength(1);
    work.fail(new Error("late"));
    await expect(context.works[0]).resolves.toBeUndefined();
  });

  test("or to that of the request, as srvx has it", async () => {
    const { clock, handle, service } = abandoned();
    const works: Promise<unknown>[] = [];
    const request = Object.assign(ask(), { waitUntil: (work: Promise<unknown>) => works.push(work) });
    const answer = toFetchHandler(service)(request, null, undefined);
    await handle.nextRequest();
    await clock.advance(10);
    await answer;
    expect(works).toHaveLength(1);
  });

  test("or to the option, with the request and what came along", async () => {
    const { clock, handle, service } = abandoned();
    const calls: unknown[][] = [];
    const request = ask();
    const answer = toFetchHandler(service, { waitUntil: (...all) => void calls.push(all) })(request, "env");
    await handle.nextRequest();
    await clock.advance(10);
    await answer;
    expect(calls.map(([, ...rest]) => rest)).toEqual([[request, "env"]]);
  });

  test("without a runtime that takes it, nothing is handed on", async () => {
    const [inner, handle] = mockService<Request, Response, never>();
    void toFetchHandler(inner)(ask(), {});
    expect((await handle.nextRequest()).options.waitUntil).toBeUndefined();
  });
});

describe("promise 13: the async context of its request", () => {
  test("is that of the work, whoever it waited for", async () => {
    const id = new AsyncLocalStorage<number>();
    const seen: (number | undefined)[] = [];
    const release = deferred<void>();
    const stack = new ServiceBuilder().layer(buffer({ capacity: 5 })).layer(gate(new Semaphore(1), { name: "one" }));
    const handler = toFetchHandler(
      stack.serviceFn(async (_request: Request) => {
        seen.push(id.getStore());
        await release.promise;
        return new Response();
      }),
    );
    const answers = [1, 2, 3].map((n) => id.run(n, () => handler(ask())));
    release.resolve();
    await Promise.all(answers);
    expect(seen).toEqual([1, 2, 3]);
  });
});

test("the path of a request may be changed on the way", async () => {
  const renamed = middleware("renamed", (_request: Request, next, options) => next(ask("/new"), options));
  const service = new ServiceBuilder().layer(renamed).serviceFn(async ({ url }: Request) => new Response(url));
  expect(await (await toFetchHandler(service)(ask("/old"))).text()).toBe("http://test/new");
});

import { createServer } from "node:http";
import type { Service } from "@sluice/core";
import { events, ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { collectGarbage, deferred, failureOf, unhandledIn } from "@sluice/test-kit";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import {
  answerFailures,
  BodyTooLargeError,
  isBodyTooLargeError,
  limitBody,
  problemResponse,
  rateLimitFields,
  toFetchHandler,
  untilBodyEnds,
} from "../../src/index.ts";
import { listen } from "../helper/loopback.ts";
import { ask, settle, source, upload } from "../helper/web.ts";

describe("problemResponse", () => {
  test("writes what RFC 9457 describes, and no more than it is told", async () => {
    const response = problemResponse({ status: 418 });
    expect(response.status).toBe(418);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({ type: "about:blank", status: 418 });
    expect(await problemResponse({ status: 404 }).json()).toMatchObject({ title: "Not Found" });
  });

  test("its extensions cannot change the members that there are", async () => {
    const response = problemResponse({ status: 404, extensions: { status: 200, type: "x", more: 1 } });
    expect(await response.json()).toMatchObject({ status: 404, type: "about:blank", more: 1 });
  });
});

test("problemResponse takes the headers of an upstream, without what says how its body was sent", async () => {
  const headers = {
    "Content-Encoding": "gzip",
    "content-length": "3",
    "transfer-encoding": "chunked",
    trailer: "x-sum",
    "x-a": "1",
  };
  const response = problemResponse({ status: 502, headers });
  expect([...response.headers.keys()]).toEqual(["content-type", "x-a"]);
});

describe("rateLimitFields", () => {
  const limited = (options: object = {}) => {
    const clock = new VirtualClock();
    const rate = rateLimit({ limit: 2, interval: 60_000, clock });
    const stack = new ServiceBuilder()
      .layer(rateLimitFields({ rate, ...options }))
      .layer(answerFailures())
      .layer(rate);
    return { clock, handler: toFetchHandler(stack.serviceFn(async (_request: Request) => new Response("ok"))) };
  };
  const fieldsOf = ({ headers }: Response) => [headers.get("ratelimit-policy"), headers.get("ratelimit")];

  test("say on each response what is left, and when there will be more", async () => {
    const { clock, handler } = limited();
    expect(fieldsOf(await handler(ask()))).toEqual([`"default";q=2;w=60`, `"default";r=1`]);
    await clock.advance(15_000);
    expect(fieldsOf(await handler(ask()))).toEqual([`"default";q=2;w=60`, `"default";r=0`]);
    const refused = await handler(ask());
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("45");
    expect(fieldsOf(refused)).toEqual([`"default";q=2;w=60`, `"default";r=0;t=45`]);
  });

  test("are not on a response that switches protocols and cannot be changed, which is sent as it is (seen: no WebSocket)", async () => {
    // As fetch of a Durable Object answers in Cloudflare Workers: it has a WebSocket, which a copy would not have.
    const { headers } = await fetch("data:,");
    const upgraded = Object.defineProperties(new Response(), { status: { value: 101 }, headers: { value: headers } });
    const rate = rateLimit({ limit: 2, interval: 60_000 });
    const service = new ServiceBuilder()
      .layer(rateLimitFields({ rate }))
      .serviceFn(async (_request: Request) => upgraded);
    expect(await service.call(ask())).toBe(upgraded);
  });

  test("while something is left, a Retry-After is of something else", async () => {
    const layer = rateLimitFields({ rate: { available: 1, limit: 9 } });
    const handler = toFetchHandler(
      new ServiceBuilder()
        .layer(layer)
        .serviceFn(async (_request: Request) => new Response(null, { status: 503, headers: { "retry-after": "9" } })),
    );
    expect(fieldsOf(await handler(ask()))).toEqual([`"default";q=9`, `"default";r=1`]);
  });

  test("the policy has the name it is given, as a string of structured fields, and no span that is no whole second", async () => {
    const { handler } = limited({ name: `per "day" \\`, limit: 5, interval: 1_500 });
    expect(fieldsOf(await handler(ask()))).toEqual([`"per \\"day\\" \\\\";q=5`, `"per \\"day\\" \\\\";r=1`]);
    expect(() => limited({ name: "täglich" })).toThrow("rateLimitFields: name must be printable ASCII");
  });

  test("one of many rates, by the request; and none of a request that has none", async () => {
    const rates = new Map([
      ["/a", { available: 3.7, limit: 9 }],
      ["/b", { available: Number.POSITIVE_INFINITY }],
    ]);
    const layer = rateLimitFields({ rate: ({ url }: Request) => rates.get(new URL(url).pathname) });
    const handler = toFetchHandler(
      new ServiceBuilder().layer(layer).serviceFn(async (_request: Request) => new Response()),
    );
    expect(fieldsOf(await handler(ask("/a")))).toEqual([`"default";q=9`, `"default";r=3`]);
    expect(fieldsOf(await handler(ask("/b")))).toEqual([null, `"default";r=999999999999999`]);
    expect(fieldsOf(await handler(ask("/c")))).toEqual([null, null]);
  });

  test.each<readonly [what: string, rate: () => never, message: string]>([
    [
      "throws",
      () => {
        throw new Error("no such client");
      },
      "no such client",
    ],
    ["is a promise", (async () => ({ available: 1 })) as () => never, "rateLimitFields: rate.available must be"],
    ["says no number", () => ({ available: 1, limit: Number.NaN }) as never, "rateLimitFields: rate.limit must be"],
  ])("a rate of the request that %s fails the call, and nothing is held", async (_what, rate, message) => {
    const limit = concurrencyLimit(1);
    const body = source("a", "b");
    const service = new ServiceBuilder()
      .layer(rateLimitFields({ rate }))
      .layer(limit)
      .layer(untilBodyEnds())
      .serviceFn(async (_request: Request) => new Response(body.stream));
    await expect(service.call(ask())).rejects.toThrow(message);
    await settle();
    expect([limit.active, body.cancelled]).toEqual([0, "cancelled"]);
  });

  test("a response of fetch that is replaced keeps its body, whatever is garbage-collected before it is read", async () => {
    const text = "hello ".repeat(10_000);
    await using server = await listen(createServer((_request, response) => response.end(text)));
    const service = new ServiceBuilder()
      .layer(rateLimitFields({ rate: { available: 1, limit: 1 } }))
      .serviceFn((_request: Request) => fetch(server.url));
    const response = await service.call(ask());
    for (let turn = 0; turn < 50; turn++) {
      if (turn % 10 === 0) collectGarbage();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await response.text()).toBe(text);
  });

  test("two policies stand beside each other, and a response that cannot be changed is replaced", async () => {
    const rate = { available: 1, limit: 1, interval: 1_000 };
    const stack = new ServiceBuilder()
      .layer(rateLimitFields({ name: "day", rate }))
      .layer(rateLimitFields({ name: "hour", rate }));
    const handler = toFetchHandler(
      stack.serviceFn(async (_request: Request) => Response.redirect("http://test/b", 303)),
    );
    const response = await handler(ask());
    expect([response.status, response.headers.get("location")]).toEqual([303, "http://test/b"]);
    expect(fieldsOf(response)).toEqual([`"hour";q=1;w=1, "day";q=1;w=1`, `"hour";r=1, "day";r=1`]);
  });
});

describe("limitBody", () => {
  const limit = limitBody(4, { label: "uploads" });
  const echo = new ServiceBuilder()
    .layer(limit)
    .serviceFn(async (request: Request) => new Response(await request.text()));

  test("refuses at once what says that it is larger, and reads nothing of it", async () => {
    const body = source("abcdefgh");
    const before = limit.refused;
    const failure: unknown = await echo
      .call(upload(body.stream, { "content-length": "8" }))
      .catch((error: unknown) => error);
    expect(isBodyTooLargeError(failure) && failure.limit).toBe(4);
    expect(body.pulled).toBe(0);
    expect(limit.refused).toBe(before + 1);
  });

  test("takes what is as large as may be, and what has no body", async () => {
    expect(await (await echo.call(upload(source("ab", "cd").stream))).text()).toBe("abcd");
    expect(await (await echo.call(upload(source("abcd").stream, { "content-length": "4" }))).text()).toBe("abcd");
    expect(await (await echo.call(ask())).text()).toBe("");
  });

  test("a body that turns out to be larger while it is read is 413, and not a broken connection", async () => {
    const body = source("ab", "cd", "e", "f");
    const response = await toFetchHandler(echo)(upload(body.stream));
    expect(response.status).toBe(413);
    expect(body.pulled).toBe(3);
    // What is left of it is not ours to give up: the answer goes out on that connection.
    expect(body.cancelled).toBeUndefined();
  });

  test("also where a parser put an error of its own around it, or says that the length is another", async () => {
    const parsing = new ServiceBuilder().layer(limitBody(4)).serviceFn(async (request: Request) => {
      try {
        return Response.json(await request.json());
      } catch {
        throw new SyntaxError("not JSON");
      }
    });
    const headers = { "content-length": "2", "transfer-encoding": "chunked" };
    for (const request of [upload(source('"abcdef"').stream), upload(source('"abcdef"').stream, headers)]) {
      expect((await toFetchHandler(parsing)(request)).status).toBe(413);
    }
    await expect(parsing.call(upload(source("{").stream))).rejects.toThrow("not JSON");
  });

  test("the reason of the caller's own abort stays what it is", async () => {
    const abort = new AbortController();
    const reading = new ServiceBuilder()
      .layer(limitBody(1))
      .serviceFn(async (request: Request, { signal }): Promise<Response> => {
        await request.text().catch(() => {});
        abort.abort("left");
        throw signal?.reason;
      });
    await expect(reading.call(upload(source("abc").stream), { signal: abort.signal })).rejects.toBe("left");
  });

  test("a handler that gives the body up gives up what it comes from", async () => {
    const body = source("a", "b");
    const giving = new ServiceBuilder().layer(limitBody(4)).serviceFn(async (request: Request) => {
      await request.body?.cancel("enough");
      return new Response();
    });
    await giving.call(upload(body.stream));
    expect(body.cancelled).toBe("enough");
  });

  test("what Next.js and Cloudflare Workers add to requests stays (seen: undefined, for uploads without a length)", async () => {
    class NextRequest extends Request {
      readonly cf = { country: "AT" };
      get nextUrl(): URL {
        return new URL(this.url);
      }
      get cookies(): string {
        return `cookies of ${this.headers.get("cookie")}`;
      }
    }
    const service = new ServiceBuilder().layer(limitBody(4)).serviceFn(async (request: Request) => {
      const { nextUrl, cookies, cf } = request as NextRequest;
      return Response.json([nextUrl.pathname, cookies, cf, await request.text()]);
    });
    const request = new NextRequest(upload(source("abc").stream, { cookie: "a=1" }));
    expect(await (await service.call(request)).json()).toEqual(["/upload", "cookies of a=1", { country: "AT" }, "abc"]);
  });

  test("what a runtime adds to its requests stays", async () => {
    const seen: unknown[] = [];
    const service = new ServiceBuilder().layer(limitBody(4)).serviceFn(async (request: Request) => {
      const { ip, waitUntil } = request as unknown as { readonly ip: string; readonly waitUntil: (n: number) => void };
      waitUntil(1);
      seen.push(ip, request.headers.get("x-a"), request.method);
      return new Response();
    });
    const extra = {
      ip: "::1",
      waitUntil(n: number) {
        seen.push(n, this === given);
      },
    };
    const given = Object.assign(upload(source("a").stream, { "x-a": "1" }), extra);
    await service.call(given);
    expect(seen).toEqual([1, true, "::1", "1", "POST"]);
  });

  test("a refusal is an event, and an error says what it says", async () => {
    const heard: unknown[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    await echo.call(upload(source("abcde").stream)).catch(() => {});
    subscription[Symbol.dispose]();
    expect(heard).toContainEqual(
      expect.objectContaining({ type: "refuse", layer: "limitBody", label: "uploads", limit: 4 }),
    );
    expect(new BodyTooLargeError(4)).toMatchObject({
      name: "BodyTooLargeError",
      code: "ERR_SLUICE_HTTP_BODY_TOO_LARGE",
      limit: 4,
    });
  });
});

describe("untilBodyEnds", () => {
  const follow = (make: (request: Request) => Response, options: Parameters<typeof untilBodyEnds>[0] = {}) => {
    const limit = concurrencyLimit(1);
    const following = untilBodyEnds(options as object);
    const service: Service<Request, Response, never> = new ServiceBuilder()
      .layer(limit)
      .layer(following)
      .serviceFn(async (request: Request) => make(request));
    return { limit, following, service };
  };

  test("without a body it holds nothing past the call", async () => {
    const { limit, following, service } = follow(() => new Response(null, { status: 204 }));
    await service.call(ask());
    expect([limit.active, following.open]).toEqual([0, 0]);
  });

  test("until the body is cancelled", async () => {
    const body = source("a", "b");
    const { limit, following, service } = follow(() => new Response(body.stream));
    const response = await service.call(ask());
    expect([limit.active, following.open, body.pulled]).toEqual([1, 1, 0]);
    await response.body?.cancel("enough");
    await settle();
    expect([limit.active, following.open, body.cancelled]).toEqual([0, 0, "enough"]);
  });

  test("until it breaks, and the reader hears of it", async () => {
    const broken = new ReadableStream({
      pull() {
        throw new Error("reset midway");
      },
    });
    const { limit, service } = follow(() => new Response(broken));
    const response = await service.call(ask());
    await expect(response.text()).rejects.toThrow("reset midway");
    await settle();
    expect(limit.active).toBe(0);
    // Also where it breaks while it is given up.
    const stubborn = new ReadableStream({
      cancel() {
        throw new Error("not now");
      },
    });
    const { limit: second, service: giving } = follow(() => new Response(stubborn));
    await (await giving.call(ask())).body?.cancel();
    await settle();
    expect(second.active).toBe(0);
  });

  test("until the client leaves, though nobody reads or cancels", async () => {
    const gone = new AbortController();
    const { limit, service } = follow(() => new Response(source("a", "b").stream));
    const response = await service.call(ask("/", { signal: gone.signal }), {});
    const reading = response.text();
    gone.abort(new Error("left"));
    await expect(reading).rejects.toThrow("left");
    await settle();
    expect(limit.active).toBe(0);
    // One who has left before there is a body.
    const late = await service.call(ask("/", { signal: AbortSignal.abort(new Error("left")) }), {});
    await settle();
    expect(limit.active).toBe(0);
    await expect(late.text()).rejects.toThrow("left");
  });

  test("or until the runtime says that the response has left, and then the body is as it was", async () => {
    const left: (() => void)[] = [];
    const sent = () => new Promise<void>((resolve) => left.push(resolve));
    const made: Response[] = [];
    const { limit, service } = follow(
      () => {
        const response = new Response("a");
        made.push(response);
        return response;
      },
      { sent },
    );
    const response = await service.call(ask());
    expect(response).toBe(made[0]);
    expect(limit.active).toBe(1);
    left[0]?.();
    await settle();
    expect(limit.active).toBe(0);
  });

  test("a sent that says nothing, or throws, follows the body", async () => {
    const { limit, service } = follow(() => new Response(source("a").stream), { sent: () => undefined });
    const response = await service.call(ask());
    expect(limit.active).toBe(1);
    await response.text();
    await settle();
    expect(limit.active).toBe(0);
    const broken = follow(() => new Response(source("a").stream), {
      sent: () => {
        throw new Error("unknown");
      },
    });
    const reported = await unhandledIn(async () => {
      await (await broken.service.call(ask())).text();
    });
    expect(reported.map(String)).toEqual(["Error: unknown"]);
    await settle();
    expect(broken.limit.active).toBe(0);
  });

  test("the signal of the call ends it where the request has none of its own", async () => {
    const gone = new AbortController();
    const limit = concurrencyLimit(1);
    const service = new ServiceBuilder()
      .layer(limit)
      .layer(untilBodyEnds<string>())
      .serviceFn(async (_path: string) => new Response(source("a").stream));
    const response = await service.call("/", { signal: gone.signal });
    expect(limit.active).toBe(1);
    gone.abort(new Error("left"));
    await settle();
    expect(limit.active).toBe(0);
    await expect(response.text()).rejects.toThrow("left");
    // Nor is there one at all.
    await (await service.call("/")).text();
    await settle();
    expect(limit.active).toBe(0);
  });

  describe("not of a response that nobody waits for any more", () => {
    const never = () => new Promise<void>(() => {});

    test.each([
      ["its body", {}],
      ["what sent says", { sent: never }],
    ])("for it came after the time-out: %s is not waited for", async (_what, options) => {
      const clock = new VirtualClock();
      const limit = concurrencyLimit(1, { clock });
      const following = untilBodyEnds(options);
      const body = source("late");
      const release = deferred();
      const service = new ServiceBuilder()
        .layer(limit)
        .layer(timeout({ call: 100, clock }))
        .layer(following)
        .serviceFn(async (_request: Request) => {
          await release.promise;
          return new Response(body.stream);
        });
      const call = failureOf(service.call(ask()));
      await clock.advance(100);
      expect(isTimeoutError(await call)).toBe(true);
      expect(limit.active).toBe(1);
      release.resolve();
      await settle();
      expect([limit.active, following.open, isTimeoutError(body.cancelled)]).toEqual([0, 0, true]);
    });

    test("and its body is cancelled where no layer outside holds a permit, too", async () => {
      const clock = new VirtualClock();
      const body = source("late");
      const release = deferred();
      const service = new ServiceBuilder()
        .layer(timeout({ call: 100, clock }))
        .layer(untilBodyEnds())
        .serviceFn(async (_request: Request) => {
          await release.promise;
          return new Response(body.stream);
        });
      const call = failureOf(service.call(ask()));
      await clock.advance(100);
      await call;
      release.resolve();
      await settle();
      expect(isTimeoutError(body.cancelled)).toBe(true);
    });

    test("for its client had left before", async () => {
      const gone = new AbortController();
      const release = deferred();
      const limit = concurrencyLimit(1);
      const service = new ServiceBuilder()
        .layer(limit)
        .layer(untilBodyEnds({ sent: never }))
        .serviceFn(async (_request: Request) => {
          await release.promise;
          return new Response("late");
        });
      const call = service.call(ask(), { signal: gone.signal });
      gone.abort(new Error("left"));
      release.resolve();
      await expect((await call).text()).rejects.toThrow("left");
      await settle();
      expect(limit.active).toBe(0);
    });
  });

  test("what comes after the client has left reaches nobody", async () => {
    const gone = new AbortController();
    let give: (() => void) | undefined;
    const slow = new ReadableStream<Uint8Array>({
      pull: (controller) =>
        new Promise((resolve) => {
          give = () => {
            controller.enqueue(new Uint8Array(1));
            resolve();
          };
        }),
      cancel: () => new Promise<void>(() => {}),
    });
    const { limit, service } = follow(() => new Response(slow));
    const response = await service.call(ask("/", { signal: gone.signal }), {});
    const reading = response.text();
    await settle();
    gone.abort(new Error("left"));
    await expect(reading).rejects.toThrow("left");
    // Whoever produces it has not given it up yet: it still counts.
    await settle();
    expect([limit.active, give === undefined]).toEqual([1, false]);
  });

  test("where nobody holds anything outside, the response is as it was", async () => {
    const response = new Response("a");
    const service = untilBodyEnds().wrap(serviceFn(async (_request: Request) => response));
    expect(await service.call(ask())).toBe(response);
  });

  test("the response is otherwise the same, and says where it came from", async () => {
    const original = new Response("a", { status: 201, statusText: "Made", headers: { "x-a": "1" } });
    Object.defineProperty(original, "url", { value: "http://elsewhere/" });
    const { service } = follow(() => original);
    const { status, statusText, headers, url } = await service.call(ask());
    expect([status, statusText, headers.get("x-a"), url]).toEqual([201, "Made", "1", "http://elsewhere/"]);
  });
});

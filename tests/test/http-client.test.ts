import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import { middleware, ServiceBuilder, serviceFn } from "@sluice/core";
import {
  failOnStatus,
  fetchService,
  httpClient,
  type HttpRequest,
  isNetworkError,
  isStatusError,
  propagate,
  retryIdempotent,
  untilBodyEnds,
} from "@sluice/http";
import { concurrencyLimit } from "@sluice/limit";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { failureOf, loopback, turn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { describe, expect, test, vi } from "vitest";

/** Retries without a delay, so that nothing sleeps. */
const again = (maxRetries = 3, clock?: VirtualClock) =>
  retry(retryPolicy({ ...retryIdempotent, maxRetries, backoff: exponentialBackoff({ base: 0, max: 0 }) }), { clock });

/** Failures of a first attempt, each with a body that must be released. */
const failures: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  "a short body": (response) => response.writeHead(503).end("x".repeat(60_000)),
  "no body": (response) => response.writeHead(500).end(),
  "a body without an end": (response) => {
    response.writeHead(500);
    const more = (): void => void (!response.destroyed && response.write("x".repeat(16_384), more));
    more();
  },
  "a body that breaks off": (response) => {
    response.writeHead(502, { "content-length": "9" }).write("half", () => response.socket?.resetAndDestroy());
  },
  "no head": (response) => response.socket?.resetAndDestroy(),
};

describe("promise 17: a retry under a limit of 1 that holds until bodies end never waits for itself", () => {
  const upstreamThat = (fails: (response: ServerResponse) => unknown) => {
    const asked = new Map<string | undefined, number>();
    return loopback(({ url }, response) => {
      const nth = (asked.get(url) ?? 0) + 1;
      asked.set(url, nth);
      return nth === 3 ? response.end("third time") : fails(response);
    });
  };

  test.each(Object.keys(failures))("with failures of %s", async (kind) => {
    await using upstream = await upstreamThat(failures[kind]!);
    const limit = concurrencyLimit(1);
    const retries = again();
    const service = new ServiceBuilder()
      .layer(retries)
      .layer(limit)
      .layer(untilBodyEnds())
      .layer(failOnStatus())
      .service(fetchService());
    const answers = await Promise.all(
      [1, 2, 3].map(async (n) => (await service.call({ url: `${upstream.origin}/${n}` })).text()),
    );
    expect(answers).toEqual(["third time", "third time", "third time"]);
    expect([upstream.requests, retries.retries]).toEqual([9, 6]);
    await vi.waitFor(() => expect([limit.active, limit.waiting, upstream.busy]).toEqual([0, 0, 0]), 10_000);
  });

  test.each(Object.keys(failures))("with the limit inside of what fails, and failures of %s", async (kind) => {
    await using upstream = await upstreamThat(failures[kind]!);
    const limit = concurrencyLimit(1);
    const service = new ServiceBuilder()
      .layer(again())
      .layer(failOnStatus())
      .layer(limit)
      .layer(untilBodyEnds())
      .service(fetchService());
    const first = await service.call({ url: `${upstream.origin}/1` });
    // The response has arrived; its body has not been read.
    const second = service.call({ url: `${upstream.origin}/2` });
    expect([limit.active, limit.waiting]).toEqual([1, 1]);
    expect([await first.text(), await (await second).text()]).toEqual(["third time", "third time"]);
    await vi.waitFor(() => expect([limit.active, limit.waiting, upstream.busy]).toEqual([0, 0, 0]), 10_000);
  });

  test("and who is out of attempts leaves nothing behind either", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(503).end("x".repeat(1_000)));
    const limit = concurrencyLimit(1);
    const service = new ServiceBuilder()
      .layer(again(2))
      .layer(failOnStatus())
      .layer(limit)
      .layer(untilBodyEnds())
      .service(fetchService());
    for (let n = 0; n < 3; n++)
      expect(isStatusError(await failureOf(service.call({ url: upstream.origin })))).toBe(true);
    expect(upstream.requests).toBe(9);
    await vi.waitFor(() => expect([limit.active, limit.waiting, upstream.busy]).toEqual([0, 0, 0]), 10_000);
  });
});

describe("promise 18: a client waits for as long as it is told", () => {
  /** On a clock that the test moves. */
  function told(retryAfter: string, headers: Record<string, string> = {}) {
    const clock = new VirtualClock();
    const asked: number[] = [];
    const transport = serviceFn((_request: HttpRequest) => {
      asked.push(clock.now());
      return asked.length > 1
        ? new Response("served")
        : new Response(null, { status: 503, headers: { ...headers, "retry-after": retryAfter } });
    });
    const backoff = exponentialBackoff({ base: 10, max: 10 });
    const client = httpClient({
      total: timeout({ total: 10_000, clock }),
      retry: retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, backoff }), { clock }),
      transport,
    });
    return { clock, asked, client };
  }

  test.each([
    ["seconds", "7", {}],
    ["a date", "Sun, 06 Nov 1994 08:49:44 GMT", { date: "Sun, 06 Nov 1994 08:49:37 GMT" }],
  ])("in %s", async (_how, retryAfter, headers) => {
    const { clock, asked, client } = told(retryAfter, headers);
    const answer = client.call({ url: "http://a/" });
    await turn();
    await clock.advance(6_999);
    expect(asked).toEqual([0]);
    await clock.advance(1);
    expect(asked).toEqual([0, 7_000]);
    expect(await (await answer).text()).toBe("served");
  });

  test.each(["10", "3600", "9".repeat(30), "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "but not for %s s, where that is not before the deadline: it fails at once",
    async (retryAfter) => {
      const { clock, asked, client } = told(retryAfter, { date: "Sun, 06 Nov 1994 08:49:37 GMT" });
      const error = await failureOf(client.call({ url: "http://a/" }));
      expect(isStatusError(error) && error.status).toBe(503);
      expect([asked, clock.now()]).toEqual([[0], 0]);
    },
  );

  test("and what makes no sense is as if it were not there", async () => {
    const { clock, asked, client } = told("-1");
    const answer = client.call({ url: "http://a/" });
    await turn();
    await clock.advance(10);
    expect(asked.length).toBe(2);
    expect((await answer).status).toBe(200);
  });
});

describe("the client with all of its layers", () => {
  /** On a clock that the test moves, so that nothing times out on a busy machine. */
  function made({ attempt = 1_000, breaker }: { attempt?: number; breaker?: ReturnType<typeof watching> } = {}) {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(4);
    const retries = again(3, clock);
    const client = httpClient({
      total: timeout({ total: 10_000, clock }),
      retry: retries,
      breaker: breaker?.layer,
      limit,
      attempt: timeout({ call: attempt, clock }),
      propagate: propagate({ clock }),
    });
    return { client, limit, retries, clock };
  }

  /** In the place of a circuit breaker: records the outcome of each attempt. */
  function watching() {
    const outcomes: string[] = [];
    const layer = middleware("breaker", (request, next, options) =>
      next(request, options).then(
        (response: Response) => {
          outcomes.push(String(response.status));
          return response;
        },
        (error: Error) => {
          outcomes.push(error.name);
          throw error;
        },
      ),
    );
    return { layer, outcomes };
  }

  const upstreamThat = (...answers: ((response: ServerResponse) => unknown)[]) => {
    let asked = 0;
    return loopback((_request, response) => (answers[asked++] ?? ((served) => served.end("served")))(response));
  };
  const { "a short body": unavailable, "no head": reset } = failures as Record<
    string,
    (response: ServerResponse) => unknown
  >;

  test("says in which order they stand", () => {
    const { client } = made({ breaker: watching() });
    expect(client.describe()).toEqual([
      "timeout",
      "retry",
      "breaker",
      "concurrencyLimit",
      "timeout",
      "propagate",
      "failOnStatus",
    ]);
  });

  test("answers as if nothing had happened, and the place of the breaker sees each attempt", async () => {
    const breaker = watching();
    await using upstream = await upstreamThat(unavailable!, reset!, () => {});
    const { client, limit, retries, clock } = made({ attempt: 50, breaker });
    const answer = client.fetch(upstream.origin);
    await vi.waitFor(() => expect(upstream.requests).toBe(3), 10_000);
    await clock.advance(50);
    expect(await (await answer).text()).toBe("served");
    expect(breaker.outcomes).toEqual(["StatusError", "NetworkError", "TimeoutError", "200"]);
    expect([retries.retries, limit.active, limit.waiting]).toEqual([3, 0, 0]);
  });

  test("never has more attempts at once than it may", async () => {
    let [now, most] = [0, 0];
    await using upstream = await loopback((_request, response) => {
      most = Math.max(most, ++now);
      response.once("close", () => now--);
      setImmediate(() => (Math.random() < 0.3 ? unavailable!(response) : response.end("served")));
    });
    const { client, limit } = made();
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => (await client.fetch(upstream.origin)).text()),
    );
    expect(answers.length).toBe(100);
    // A response that has arrived may not have closed at the server.
    expect(most).toBeLessThanOrEqual(2 * 4);
    expect([limit.active, limit.waiting]).toEqual([0, 0]);
  });

  test("counts a body that is being read, with a layer in its place that follows it, and an abort reaches it", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(200).write("half"));
    const limit = concurrencyLimit(1);
    const client = httpClient({ total: timeout(10_000), limit, attempt: timeout(5_000), body: untilBodyEnds() });
    const controller = new AbortController();
    const response = await client.fetch(upstream.origin, { signal: controller.signal });
    const second = client.fetch(upstream.origin);
    expect([limit.active, limit.waiting]).toEqual([1, 1]);
    const text = response.text();
    controller.abort(new Error("enough"));
    expect(await failureOf(text)).toBe(controller.signal.reason);
    await (await second).body?.cancel();
    await vi.waitFor(() => expect([limit.active, limit.waiting, upstream.busy]).toEqual([0, 0, 0]), 10_000);
  });

  test("sends a POST once, and with an Idempotency-Key until it is served", async () => {
    await using upstream = await upstreamThat(unavailable!, reset!, unavailable!);
    const { client } = made();
    const post = { url: upstream.origin, method: "POST", body: "order" };
    expect(isStatusError(await failureOf(client.call(post)))).toBe(true);
    expect(isNetworkError(await failureOf(client.call(post)))).toBe(true);
    expect(upstream.requests).toBe(2);
    const response = await client.fetch(upstream.origin, {
      method: "POST",
      body: "order",
      headers: { "idempotency-key": "7" },
    });
    expect([await response.text(), upstream.requests]).toEqual(["served", 4]);
  });

  test("sends a body again that is a value, a function or a Request's, and a stream once", async () => {
    const bodies: string[] = [];
    const stored = (once: boolean) =>
      loopback(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        bodies.push(Buffer.concat(chunks).toString());
        if (once || bodies.length % 2 === 0) response.end("stored");
        else response.writeHead(503).end();
      });
    await using upstream = await stored(false);
    const { client } = made();
    const body = vi.fn<() => ReadableStream<Uint8Array>>(() => new Blob(["made"]).stream());
    await client.call({ url: upstream.origin, method: "PUT", body: "value" });
    await client.call({ url: upstream.origin, method: "PUT", body });
    await client.fetch(new Request(upstream.origin, { method: "PUT", body: "Request" }));
    expect(bodies).toEqual(["value", "value", "made", "made", "Request", "Request"]);
    expect(body).toHaveBeenCalledTimes(2);
    const stream = new Blob(["stream"]).stream();
    expect(isStatusError(await failureOf(client.call({ url: upstream.origin, method: "PUT", body: stream })))).toBe(
      true,
    );
    expect(bodies.slice(6)).toEqual(["stream"]);
  });

  test("as fetch resolves with the last response, when none was any good", async () => {
    await using upstream = await loopback((_request, response) =>
      response.writeHead(503, { "x-id": "7" }).end("sorry"),
    );
    const { client } = made();
    const response = await client.fetch(upstream.origin);
    expect([response.status, response.headers.get("x-id"), await response.text()]).toEqual([503, "7", "sorry"]);
    expect(upstream.requests).toBe(4);
  });

  test("tells each attempt how much time it has: that of an attempt", async () => {
    const said: number[] = [];
    await using upstream = await loopback((request, response) => {
      said.push(Number(request.headers["x-timeout-ms"]));
      if (said.length === 1) unavailable!(response);
      else response.end("served");
    });
    const { client } = made({ attempt: 500 });
    await (await client.fetch(upstream.origin)).text();
    expect(said).toEqual([500, 500]);
  });

  test("ends a wait in line, a backoff and an exchange at once, with the caller's own reason", async () => {
    await using upstream = await loopback(() => {});
    const clock = new VirtualClock();
    const limit = concurrencyLimit(1);
    const policy = retryPolicy({
      ...retryIdempotent,
      maxRetries: 3,
      backoff: exponentialBackoff({ base: 1_000, max: 1_000 }),
    });
    const retries = retry(policy, { clock });
    const client = httpClient({
      total: timeout({ total: 60_000, clock }),
      retry: retries,
      limit,
      attempt: timeout({ call: 1_000, clock }),
    });
    const controllers = [1, 2].map(() => new AbortController());
    const [first, second] = controllers.map(({ signal }) => client.fetch(upstream.origin, { signal }));
    expect([limit.active, limit.waiting]).toEqual([1, 1]);
    const reasons = [new Error("first"), new Error("second")];
    controllers[1]!.abort(reasons[1]);
    expect(await failureOf(second!)).toBe(reasons[1]);
    // The attempt takes too long, and the first waits for its next one.
    await clock.advance(1_000);
    await vi.waitFor(() => expect(retries.waiting).toBe(1), 10_000);
    controllers[0]!.abort(reasons[0]);
    expect(await failureOf(first!)).toBe(reasons[0]);
    expect([limit.active, limit.waiting, retries.waiting, clock.pending]).toEqual([0, 0, 0, 0]);
  });

  test("gives up in time, and leaves no connection busy", async () => {
    await using upstream = await loopback(() => {});
    const clock = new VirtualClock();
    const client = httpClient({
      total: timeout({ total: 1_000, clock }),
      retry: again(),
      attempt: timeout({ call: 5_000, clock }),
    });
    const answer = client.fetch(upstream.origin);
    await vi.waitFor(() => expect(upstream.busy).toBe(1), 10_000);
    await clock.advance(1_000);
    expect(isTimeoutError(await failureOf(answer))).toBe(true);
    await upstream.rest();
  });

  test("spends no more retries than its budget has", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(503).end());
    const clock = new VirtualClock();
    const budget = retryBudget({ minPerSecond: 0, ratio: 0.2, clock });
    const backoff = exponentialBackoff({ base: 0, max: 0 });
    const retries = retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, backoff, budget }), { clock });
    const client = httpClient({ retry: retries });
    for (let n = 0; n < 20; n++) expect((await client.fetch(upstream.origin)).status).toBe(503);
    expect([retries.retries, upstream.requests]).toEqual([4, 24]);
  });

  test("runs in the async context of the caller, each attempt", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    await using upstream = await upstreamThat(unavailable!, unavailable!);
    const limit = concurrencyLimit(1);
    const client = httpClient({
      retry: again(),
      limit,
      propagate: propagate({
        headers() {
          seen.push(storage.getStore());
          return undefined;
        },
      }),
    });
    await Promise.all(["ann", "bob"].map((name) => storage.run(name, () => client.fetch(upstream.origin))));
    expect(seen.length).toBe(4);
    expect(new Set(seen)).toEqual(new Set(["ann", "bob"]));
  });
});

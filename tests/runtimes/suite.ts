// The tests of the packed packages in every runtime: the same file in all of them. It uses real time where a layer sets a timer, and does
// not // measure speed.
import { adaptiveLimit, aimd } from "@sluice/adaptive-limit";
import { buffer, isBufferClosedError } from "@sluice/buffer";
import { cache, coalesce } from "@sluice/cache";
import { circuitBreaker, isCircuitOpenError } from "@sluice/circuit-breaker";
import { isPermitSpentError, Semaphore, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { describe } from "@sluice/describe";
import { hedge } from "@sluice/hedge";
import { guard as honoGuard } from "@sluice/http/hono";
import { httpClient, isStatusError, type HttpClientOptions, retryIdempotent } from "@sluice/http";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit, rateLimit, TokenBucket } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { meter, toDiagnosticsChannel } from "@sluice/meter";
import { meterProducer } from "@sluice/otel";
import { priorityLine } from "@sluice/priority";
import { reconnect } from "@sluice/reconnect";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { mockService, VirtualClock } from "@sluice/testing";
import { checkContract } from "@sluice/testing/contract";
import { throttle } from "@sluice/throttle";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { currentRequestId, currentTraceparent, trace } from "@sluice/trace";
import { callAll, fallback, mapRequest } from "@sluice/util";
import { boxed, routingTable } from "@sluice/util-box";
import { Hono } from "hono";

/** Each is a row of the table in the README. */
export type Feature =
  | "layers"
  | "trace"
  | "toDiagnosticsChannel"
  | "toFetchHandler"
  | "httpClient"
  | "hono"
  | "shared"
  | "checkContract";

/** The result of one test. `without`: the runtime lacks a requirement, and the documented error says so. */
export interface Result {
  readonly feature: Feature;
  readonly name: string;
  readonly outcome: "works" | "without" | "failed";
  readonly detail?: string;
}

/** @returns "without" where the runtime lacks a requirement, and the documented error said so */
type Try = (origin: string) => Promise<"without" | void>;

function same(what: string, received: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(received), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what} is ${is} and not ${should}`);
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`It did not fail, but answered with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

/** Settles only when `signal` aborts. */
function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => {
      reject(signal.reason);
    });
  });
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const layers: Readonly<Record<string, Try>> = {
  async "permits: reserved, spent once, given back"() {
    const limit = concurrencyLimit(1);
    const service = new ServiceBuilder().layer(limit).serviceFn(async (n: number) => n + 1);
    {
      using permit = service.tryReady();
      same("a second permit", service.tryReady(), undefined);
      same("the answer", await permit?.call(1), 2);
      same("spent twice", isPermitSpentError(await failureOf(permit!.call(1))), true);
    }
    same("held", limit.active, 0);
  },
  async "concurrencyLimit: in line, and out of it by an abort"() {
    const limit = concurrencyLimit(1);
    const answers: (() => void)[] = [];
    const service = new ServiceBuilder().layer(limit).serviceFn(
      (n: number) =>
        new Promise<number>((resolve) => {
          answers.push(() => {
            resolve(n);
          });
        }),
    );
    const controller = new AbortController();
    const first = service.call(1);
    const second = service.call(2, { signal: controller.signal });
    const third = service.call(3);
    same("in line", limit.waiting, 2);
    controller.abort("gone");
    same("the reason", await failureOf(second), "gone");
    answers[0]?.();
    same("first", await first, 1);
    while (answers.length < 2) await later(1);
    answers[1]?.();
    same("third", await third, 3);
    same("at rest", [limit.active, limit.waiting], [0, 0]);
  },
  async "rateLimit: waits for its turn"() {
    const limit = rateLimit({ limit: 1, interval: 30 });
    const service = new ServiceBuilder().layer(limit).serviceFn(async (n: number) => n);
    const answers = Promise.all([1, 2, 3].map((n) => service.call(n)));
    same("in line", limit.waiting, 2);
    same("the answers", await answers, [1, 2, 3]);
  },
  async "timeout: gives up, and tells the work"() {
    const layer = timeout(20);
    let told: unknown;
    const service = new ServiceBuilder().layer(layer).serviceFn((_request: string, { signal }) =>
      untilAborted(signal).catch((reason: unknown) => {
        told = reason;
      }),
    );
    const error = await failureOf(service.call(""));
    same("a time-out", isTimeoutError(error), true);
    await later(1);
    same("the work was told the same", told === error, true);
    same("counted", [layer.timedOut, layer.abandoned], [1, 0]);
  },
  async "retry: until it is served, within its budget"() {
    let asked = 0;
    const layer = retry(
      retryPolicy({ maxRetries: 3, backoff: exponentialBackoff({ base: 1, max: 2 }), budget: retryBudget() }),
    );
    const service = new ServiceBuilder().layer(layer).serviceFn(async () => {
      if (++asked < 3) throw new Error("not yet");
      return "served";
    });
    same("the answer", await service.call(undefined), "served");
    same("retries", layer.retries, 2);
  },
  async "loadShed: refuses at once"() {
    const service = new ServiceBuilder()
      .layer(loadShed())
      .layer(concurrencyLimit(1))
      .serviceFn((_request: string, { signal }) => untilAborted(signal));
    const controller = new AbortController();
    const first = service.call("", { signal: controller.signal });
    const error = await failureOf(service.call(""));
    same("refused", isOverloadedError(error) && error.layer, "concurrencyLimit");
    controller.abort("enough");
    same("the first", await failureOf(first), "enough");
  },
  async "buffer: lets wait, drains, closes"() {
    const layer = buffer({ capacity: 2 });
    const service = new ServiceBuilder()
      .layer(layer)
      .layer(concurrencyLimit(1))
      .serviceFn(async (n: number) => {
        await later(1);
        return n;
      });
    const answers = Promise.all([service.call(1), service.call(2)]);
    await layer.drain();
    same("the answers", await answers, [1, 2]);
    same("closed", isBufferClosedError(await failureOf(service.call(3))), true);
  },
  async "circuitBreaker: opens, and closes by a probe"() {
    let up = false;
    const clock = new VirtualClock();
    const breaker = circuitBreaker<string, string>({ consecutive: 1, clock });
    const service = new ServiceBuilder().layer(breaker).serviceFn(async () => {
      if (!up) throw new Error("down");
      return "up";
    });
    await failureOf(service.call(""));
    same("open", [breaker.state, isCircuitOpenError(await failureOf(service.call("")))], ["open", true]);
    up = true;
    await clock.advance(60_000);
    same("the probe", [await service.call(""), breaker.state], ["up", "closed"]);
  },
  async "adaptiveLimit: counts what runs"() {
    const limit = adaptiveLimit(aimd({ initial: 2 }));
    const service = new ServiceBuilder().layer(limit).serviceFn(async (n: number) => {
      await later(1);
      return n;
    });
    same("the answers", await Promise.all([1, 2, 3].map((n) => service.call(n))), [1, 2, 3]);
    same("running", limit.active, 0);
  },
  async "cache and coalesce: one call for all"() {
    let calls = 0;
    const kept = cache({ key: (key: string) => key, ttl: 60_000 });
    const service = new ServiceBuilder()
      .layer(coalesce({ key: (key: string) => key }))
      .layer(kept)
      .serviceFn(async (key: string) => `${key}${++calls}`);
    same("the answers", await Promise.all(["a", "a", "b"].map((key) => service.call(key))), ["a1", "a1", "b2"]);
    same("kept", [await service.call("a"), kept.hits], ["a1", 1]);
  },
  async "keyed: a limit for each"() {
    const service = new ServiceBuilder()
      .layer(keyed({ key: (name: string) => name, gate: () => new TokenBucket({ limit: 1, interval: 60_000 }) }))
      .serviceFn(async (name: string) => name);
    same("ann", await service.call("ann"), "ann");
    same("ann again, and bob", [service.tryReady("ann"), await service.call("bob")], [undefined, "bob"]);
  },
  async "priorityLine: the important first"() {
    const line = priorityLine({ priority: (level: number) => level });
    const served: number[] = [];
    const service = new ServiceBuilder().layer(concurrencyLimit(1, { line })).serviceFn(async (level: number) => {
      served.push(level);
    });
    await Promise.all([1, 3, 0].map((level) => service.call(level)));
    same("the order", served, [1, 0, 3]);
  },
  async "throttle: refuses what would be refused"() {
    const layer = throttle({ minimumPerSecond: 0, classify: () => "refused" });
    const service = new ServiceBuilder().layer(layer).serviceFn(async () => "full");
    for (let nth = 0; nth < 200; nth++) await service.call(undefined).catch(() => {});
    same("spared some", layer.refused > 0, true);
  },
  async "hedge: the second attempt answers"() {
    let asked = 0;
    const service = new ServiceBuilder()
      .layer(hedge({ delay: 5 }))
      .serviceFn((_request: string, { signal }) => (++asked === 1 ? untilAborted(signal) : Promise.resolve("second")));
    same("the answer", await service.call(""), "second");
  },
  async "reconnect: makes a connection anew"() {
    let made = 0;
    const db = reconnect(
      async () => {
        const nth = ++made;
        return serviceFn(async () => {
          if (nth === 1) throw new Error("lost");
          return nth;
        });
      },
      { isBroken: () => true, backoff: exponentialBackoff({ base: 1, max: 1 }) },
    );
    await failureOf(db.call(undefined));
    same("the second connection", await db.call(undefined), 2);
  },
  async "meter, otel and describe: what is seen"() {
    const point = meter("point");
    const service = new ServiceBuilder()
      .layer(point)
      .layer(timeout(1_000))
      .serviceFn(async (n: number) => n);
    await service.call(1);
    same("counted", point.snapshot().calls.ok, 1);
    using producer = meterProducer({ meters: [point] });
    const { resourceMetrics } = await producer.collect();
    same("exported", resourceMetrics.scopeMetrics.length > 0, true);
    same("described", String(describe(service)).includes("timeout"), true);
  },
  async "util and util-box: mapped, fallen back, routed"() {
    const table = routingTable({
      key: (path: string) => path,
      routes: new Map([["a", boxed(serviceFn(async (path: string) => path.toUpperCase()))]]),
    });
    const service = new ServiceBuilder()
      .layer(fallback({ to: serviceFn((_path: string) => "none") }))
      .layer(mapRequest((path: string) => path.trim()))
      .service(table);
    const answers: unknown[] = [];
    for await (const answer of callAll(service, [" a", "b"], { ordered: true })) answers.push(answer);
    same("the answers", answers, ["A", "none"]);
  },
  async "testing: a mock and a virtual clock"() {
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(timeout({ call: 100, clock }))
      .layer(concurrencyLimit(new Semaphore(1, { clock })))
      .service(inner);
    const late = service.call("a");
    const request = await handle.nextRequest();
    await clock.advance(100);
    same("a time-out", isTimeoutError(await failureOf(late)), true);
    request.respond("too late");
  },
};

const tries: readonly (readonly [Feature, string, Try])[] = [
  ...Object.entries(layers).map(([name, run]) => ["layers", name, run] as const),
  [
    "trace",
    "an id that is there after awaits, timers and a wait in line",
    async () => {
      let layer: ReturnType<typeof trace>;
      try {
        let ids = 0;
        layer = trace({ generateId: () => `r${++ids}` });
      } catch (error) {
        same("the error names what is missing", /AsyncLocalStorage/.test(String(error)), true);
        same("nobody's id", [currentRequestId(), currentTraceparent()], [undefined, undefined]);
        return "without";
      }
      const service = new ServiceBuilder()
        .layer(layer)
        .layer(buffer({ capacity: 4 }))
        .layer(concurrencyLimit(1))
        .serviceFn(async (n: number) => {
          await later(1);
          return `${n} ${currentRequestId()} ${currentTraceparent()?.length}`;
        });
      same("ids", await Promise.all([1, 2].map((n) => service.call(n))), ["1 r1 55", "2 r2 55"]);
      same("outside", currentRequestId(), undefined);
      return undefined;
    },
  ],
  [
    "toDiagnosticsChannel",
    "publishes what layers announce",
    async () => {
      try {
        toDiagnosticsChannel()[Symbol.dispose]();
      } catch (error) {
        same("the error names what is missing", /diagnostics_channel/.test(String(error)), true);
        return "without";
      }
      return undefined;
    },
  ],
  [
    "toFetchHandler",
    "answers, refuses, gives up",
    async (origin) => {
      const ask = async (path: string) => {
        const response = await fetch(origin + path);
        return [response.status, await response.text()] as const;
      };
      same("an answer", await ask("/hello"), [200, "hello"]);
      same("a time-out", (await ask("/never"))[0], 504);
      const [status, problem] = await ask("/full");
      same("a refusal", [status, (JSON.parse(problem) as { readonly status: number }).status], [503, 503]);
      const posted = await fetch(`${origin}/echo`, { method: "POST", body: "x".repeat(10_000) });
      same("a body", (await posted.text()).length, 10_000);
    },
  ],
  [
    "httpClient",
    "tries again, and reads the answer",
    async (origin) => {
      const limit = concurrencyLimit(2);
      const retries = retry(
        retryPolicy({ ...retryIdempotent, maxRetries: 3, backoff: exponentialBackoff({ base: 1, max: 2 }) }),
      );
      const options = {
        total: timeout({ total: 10_000 }),
        retry: retries,
        limit,
        attempt: timeout(5_000),
      } satisfies HttpClientOptions;
      const client = httpClient(options);
      const response = await client.call({ url: `${origin}/flaky?${Math.random()}` });
      same("the answer", [await response.text(), retries.retries], ["served", 2]);
      same("by fetch", await (await client.fetch(`${origin}/echo`, { method: "POST", body: "sent" })).text(), "sent");
      same("a failing status", isStatusError(await failureOf(client.call({ url: `${origin}/none` }))), true);
      same("running", limit.active, 0);
    },
  ],
  [
    "hono",
    "a guard in front of routes",
    async () => {
      const app = new Hono();
      app.use(honoGuard(new ServiceBuilder().layer(concurrencyLimit(1))));
      app.get("/", (context) => context.text("hello"));
      // A permit is held until the body has been read.
      const ask = async () => (await app.fetch(new Request("http://test/"))).text();
      same("one after the other", [await ask(), await ask()], ["hello", "hello"]);
    },
  ],
  [
    "shared",
    "a limit, a rate, a flight and a buffer that requests share",
    async (origin) => {
      const ask = async (path: string, signal: AbortSignal | null = null) => {
        const response = await fetch(`${origin}${path}?${Math.random()}`, { signal });
        await response.text();
        return response.status;
      };
      const each = [1, 2, 3];
      same("in the line of a limit", await Promise.all(each.map(() => ask("/line"))), [200, 200, 200]);
      same("in the line of a rate", await Promise.all(each.map(() => ask("/rate"))), [200, 200, 200]);
      same("for the same answer", await Promise.all(each.map(() => ask("/joined"))), [200, 200, 200]);
      same("in a buffer", await Promise.all(each.map(() => ask("/buffer"))), [200, 200, 200]);
      same("in front of Hono", await Promise.all(each.map(() => ask("/hono"))), [200, 200, 200]);
      for (const path of ["/line", "/hono"]) {
        const controller = new AbortController();
        const left = ask(path, controller.signal).catch(() => "left");
        await later(20);
        controller.abort();
        same("who leaves", await left, "left");
        same(`the slot of ${path} is back`, await ask(path), 200);
      }
    },
  ],
  [
    "checkContract",
    "of a layer",
    async () => {
      const report = await checkContract(({ clock }) => concurrencyLimit(2, { clock }), { runs: 20, seed: 1 });
      report.assert();
    },
  ],
];

/** Runs all tests, one after the other; each has 15 seconds. */
export async function suite(origin: string, without: readonly Feature[] = []): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [feature, name, run] of tries.filter((each) => !without.includes(each[0]))) {
    const bounded: Service<string, "without" | void> = new ServiceBuilder()
      .layer(timeout(15_000))
      .serviceFn((from: string) => run(from));
    const result = await bounded.call(origin).then(
      (outcome): Result => ({ feature, name, outcome: outcome ?? "works" }),
      (error: unknown): Result => ({
        feature,
        name,
        outcome: "failed",
        detail: error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error),
      }),
    );
    results.push(result);
  }
  return results;
}

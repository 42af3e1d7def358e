import { buffer } from "@sluice/buffer";
import { type AnyLayer, type CallOptions, gate, Semaphore, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { andThen, mapResponse, recover } from "@sluice/util";
import { describe, expect, test } from "vitest";
import { deferred } from "@sluice/test-kit";
import { deferring, eachLayer } from "./helper/each-layer.ts";
import { routed } from "./helper/routed.ts";
import { stacked } from "./helper/stacked.ts";
import { Workshop } from "./helper/workshop.ts";

/** One of each layer, except the one that begins the work in a later turn. */
const allOf = (clock: VirtualClock): AnyLayer[] =>
  Object.entries(eachLayer).flatMap(([name, make]) => (deferring.includes(name) ? [] : [make(clock)]));

/** The positions of a limit of one. Each stack gives up on a call after 100 ms, and the work ignores its signal. */
const nestings: Record<string, (limit: AnyLayer, clock: VirtualClock) => AnyLayer[]> = {
  "inside a timeout": (limit, clock) => [timeout({ call: 100, clock }), limit],
  "outside a timeout": (limit, clock) => [limit, timeout({ call: 100, clock })],
  "inside a timeout of all": (limit, clock) => [timeout({ total: 100, clock }), limit],
  "outside a timeout of all": (limit, clock) => [limit, timeout({ total: 100, clock })],
  "between two timeouts": (limit, clock) => [timeout({ call: 100, clock }), limit, timeout({ call: 150, clock })],
  "outside two timeouts": (limit, clock) => [limit, timeout({ call: 100, clock }), timeout({ call: 150, clock })],
  "inside a buffer inside a timeout": (limit, clock) => [
    timeout({ call: 100, clock }),
    buffer({ capacity: 9, clock }),
    limit,
  ],
  "outside a buffer outside a timeout": (limit, clock) => [
    limit,
    buffer({ capacity: 9, clock }),
    timeout({ call: 100, clock }),
  ],
  "inside a table inside a timeout": (limit, clock) => [timeout({ call: 100, clock }), routed(), limit],
  "outside a table outside a timeout": (limit, clock) => [limit, routed(), timeout({ call: 100, clock })],
  "outside what answers for the timeout": (limit, clock) => [
    limit,
    recover(isTimeoutError, (error): never => {
      throw error;
    }),
    timeout({ call: 100, clock }),
  ],
  "outside all that may stand in between": (limit, clock) => [
    trace({ clock }),
    limit,
    ...allOf(clock),
    timeout({ call: 100, clock }),
  ],
  "inside all that may stand in between": (limit, clock) => [timeout({ call: 100, clock }), ...allOf(clock), limit],
};

const ways = Object.keys(nestings);

function nested(way: string) {
  const clock = new VirtualClock();
  const limit = concurrencyLimit(1, { clock });
  const workshop = new Workshop();
  return { clock, limit, workshop, service: stacked(nestings[way]!(limit, clock), workshop.service) };
}

/** The outcome of a call, or "not yet". */
async function ends(answer: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    answer.catch((error: unknown) => error),
    new Promise((resolve) => setImmediate(resolve, "not yet")),
  ]);
}

describe.each(ways)("promise 6: a limit of one, %s", (way) => {
  test("counts work that was given up on until it ends", async () => {
    const { clock, limit, workshop, service } = nested(way);
    const first = service.call("a");
    await clock.advance(100);
    expect(await ends(first)).toSatisfy(isTimeoutError);
    expect([limit.active, limit.available, workshop.running.length]).toEqual([1, 0, 1]);
    const second = service.call("b");
    await clock.advance(10);
    expect(workshop.begun).toEqual(["a"]);
    workshop.of("a").finish();
    await clock.advance(0);
    expect(workshop.begun).toEqual(["a", "b"]);
    workshop.of("b").finish();
    expect(await second).toBe("B");
    await clock.advance(0);
    expect([limit.active, limit.waiting, workshop.most, clock.pending]).toEqual([0, 0, 1, 0]);
  });

  test("the same where the work fails after all", async () => {
    const { clock, limit, workshop, service } = nested(way);
    const first = service.call("a");
    await clock.advance(100);
    expect(await ends(first)).toSatisfy(isTimeoutError);
    expect(limit.active).toBe(1);
    workshop.of("a").fail(new Error("too late"));
    await clock.advance(0);
    expect([limit.active, workshop.most]).toEqual([0, 1]);
  });

  test("a caller who aborts running work frees nothing before it ends", async () => {
    const { clock, limit, workshop, service } = nested(way);
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    const first = service.call("a", { signal: controller.signal });
    controller.abort(reason);
    const second = service.call("b");
    await clock.advance(1);
    expect(workshop.of("a").options.signal?.reason).toBe(reason);
    expect([workshop.begun, limit.active]).toEqual([["a"], 1]);
    // Nothing races running work: the call ends as the work does.
    expect(await ends(first)).toBe("not yet");
    workshop.of("a").fail(reason);
    await expect(first).rejects.toBe(reason);
    await clock.advance(0);
    workshop.of("b").finish();
    expect(await second).toBe("B");
    await clock.advance(0);
    expect([limit.active, workshop.most, clock.pending]).toEqual([0, 1, 0]);
  });

  test("one caller after another gives up, and never do two run", async () => {
    const { clock, limit, workshop, service } = nested(way);
    const calls: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round++) {
      calls.push(service.call(`${round}`));
      await clock.advance(60);
      if (round % 3 === 2) workshop.running[0]?.finish();
    }
    for (let round = 0; round < 40; round++) {
      workshop.running[0]?.finish();
      await clock.advance(100);
    }
    await Promise.allSettled(calls);
    expect([workshop.most, limit.active, limit.waiting, clock.pending]).toEqual([1, 0, 0, 0]);
  });
});

describe("promise 6: retry over what was given up on", () => {
  const policy = () =>
    retryPolicy({ maxRetries: 1, backoff: exponentialBackoff({ base: 10, max: 10, jitter: "none" }) });

  test.each([
    ["inside a timeout", (limit: AnyLayer, clock: VirtualClock) => [timeout({ call: 100, clock }), limit]],
    ["outside a timeout", (limit: AnyLayer, clock: VirtualClock) => [limit, timeout({ call: 100, clock })]],
  ])("the next attempt waits for the work of the last, with the limit %s", async (_way, nest) => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const limit = concurrencyLimit(1);
    const retries = retry(policy(), { clock });
    const service = stacked([retries, ...nest(limit, clock)], workshop.service);
    const answer = service.call("a");
    await clock.advanceAsync(115);
    // The backoff has ended, and the slot is not free.
    expect([retries.waiting, limit.waiting, workshop.begun]).toEqual([0, 1, ["a"]]);
    workshop.of("a").finish();
    await clock.advance(0);
    expect(workshop.begun).toEqual(["a", "a"]);
    workshop.of("a").finish();
    expect(await answer).toBe("A");
    expect([workshop.most, limit.active]).toEqual([1, 0]);
  });

  test("a limit outside has its request until the work of every attempt has ended", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const limit = concurrencyLimit(1);
    const service = stacked([limit, retry(policy(), { clock }), timeout({ call: 100, clock })], workshop.service);
    const answer = service.call("a");
    await clock.advanceAsync(115);
    workshop.running[1]?.finish();
    expect(await answer).toBe("A");
    expect([limit.active, workshop.running.length]).toEqual([1, 1]);
    expect(service.tryReady()).toBeUndefined();
    workshop.running[0]?.finish();
    await clock.advance(0);
    expect(limit.active).toBe(0);
  });
});

interface Body {
  readonly ended: Promise<void>;
}

describe("promise 6: a streamed body", () => {
  const until = (response: Body) => response.ended;

  function streaming(layers: (clock: VirtualClock) => AnyLayer[]) {
    const clock = new VirtualClock();
    const body = deferred();
    const seen: CallOptions[] = [];
    const service = stacked(
      layers(clock),
      serviceFn((_request: string, options): Body => {
        seen.push(options);
        return { ended: body.promise };
      }),
    );
    return { clock, service, body, seen };
  }

  test.each([
    ["limit outside timeout", (limit: AnyLayer, clock: VirtualClock) => [limit, timeout({ call: 100, clock })]],
    ["limit inside timeout", (limit: AnyLayer, clock: VirtualClock) => [timeout({ call: 100, clock }), limit]],
    [
      "limit inside table, buffer and retry",
      (limit: AnyLayer, clock: VirtualClock) => [
        retry(retryPolicy({ maxRetries: 1 }), { clock }),
        buffer({ capacity: 1 }),
        routed(),
        limit,
      ],
    ],
  ])("holds its slot until it has ended: %s", async (_way, nest) => {
    const limit = concurrencyLimit(1, { until });
    const { clock, service, body } = streaming((given) => nest(limit, given));
    await service.call("a");
    await clock.advance(1_000);
    expect([limit.active, clock.pending]).toEqual([1, 0]);
    body.resolve();
    await clock.advance(0);
    expect(limit.active).toBe(0);
  });

  test("holds the slots further out too, through everything in between", async () => {
    const [outer, inner] = [concurrencyLimit(1), concurrencyLimit(1, { until })];
    const queue = buffer({ capacity: 1 });
    const { clock, service, body } = streaming((given) => [
      outer,
      timeout({ call: 100, clock: given }),
      queue,
      mapResponse((response: Body) => response),
      routed(),
      inner,
    ]);
    await service.call("a");
    await clock.advance(1_000);
    expect([outer.active, queue.running, inner.active]).toEqual([1, 1, 1]);
    const drained = queue.drain();
    expect(await ends(drained)).toBe("not yet");
    body.resolve();
    await drained;
    await clock.advance(0);
    expect([outer.active, queue.running, inner.active]).toEqual([0, 0, 0]);
  });

  test("hears of an abort after its answer, where somebody inside the timeout holds on to it", async () => {
    const limit = concurrencyLimit(1, { until });
    const { service, body, seen } = streaming((clock) => [timeout({ call: 100, clock }), limit]);
    const controller = new AbortController();
    await service.call("a", { signal: controller.signal });
    controller.abort("closed");
    expect(seen[0]?.signal?.reason).toBe("closed");
    body.reject(new Error("broken off"));
    await new Promise(setImmediate);
    expect(limit.active).toBe(0);
  });
});

describe("promise 6: work handed up from the innermost", () => {
  const inBetween = Object.entries(eachLayer);

  test.each(inBetween)("reaches two gates through %s", async (_name, make) => {
    const clock = new VirtualClock();
    const work = deferred();
    const [outer, inner] = [new Semaphore(1), new Semaphore(1)];
    const service = stacked(
      [gate(outer, { name: "outer" }), make(clock), gate(inner, { name: "inner" })],
      serviceFn((request: string, { waitUntil }) => {
        waitUntil?.(work.promise);
        return request;
      }),
    );
    expect(await service.call("a")).toBe("a");
    await clock.advance(5);
    expect([outer.active, inner.active]).toEqual([1, 1]);
    work.reject(new Error("it was only work"));
    await clock.advance(0);
    expect([outer.active, inner.active]).toEqual([0, 0]);
  });

  test.each(["both", "late"] as const)(
    "of a second service (andThen, %s) reaches the gate around both",
    async (reserve) => {
      const work = deferred();
      const limit = concurrencyLimit(1);
      const second = serviceFn((request: string, { waitUntil }) => {
        waitUntil?.(work.promise);
        return request;
      });
      const service = stacked(
        [limit, loadShed(), andThen(second, { reserve })],
        serviceFn((request: string) => request),
      );
      expect(await service.call("a")).toBe("a");
      await new Promise(setImmediate);
      expect(limit.active).toBe(1);
      work.resolve();
      await new Promise(setImmediate);
      expect(limit.active).toBe(0);
    },
  );

  test("reaches the caller, who may be a gate of another's making", async () => {
    const clock = new VirtualClock();
    const handed: Promise<unknown>[] = [];
    const workshop = new Workshop();
    const service = stacked(
      [rateLimit({ limit: 1, interval: 10, clock }), timeout({ call: 100, clock }), concurrencyLimit(1)],
      workshop.service,
    );
    const answer = service.call("a", { waitUntil: (work) => handed.push(work) });
    await clock.advance(100);
    await expect(answer).rejects.toSatisfy(isTimeoutError);
    expect(handed).toHaveLength(1);
    workshop.of("a").finish();
    expect(await handed[0]).toBe("A");
  });
});

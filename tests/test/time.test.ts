import { buffer } from "@sluice/buffer";
import { type AnyLayer, serviceFn, systemClock } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { timersOfOurs } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { afterEach, describe, expect, test, vi } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";
import { gateway, leftIn, stacks, transient } from "./helper/gateway.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { watchedAbort } from "./helper/watched-abort.ts";
import { Workshop } from "./helper/workshop.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const again = retryPolicy({ maxRetries: 1, backoff: exponentialBackoff({ base: 20, max: 20, jitter: "none" }) });

/** Calls that are answered, fail, are retried, wait, are aborted and time out. */
async function drive({ service, handle, clock }: ReturnType<typeof gateway>): Promise<void> {
  const abort = watchedAbort();
  const ended = Promise.allSettled(
    ["answered", "fails", "tried again", "aborted", "late", "waits"].map((request) =>
      service.call(request, { signal: abort.signal, deadline: 5_000 }),
    ),
  );
  for (let round = 0; round < 20; round++) {
    await clock.advance(0);
    if (handle.active > 0 && round < 8) {
      const work = await handle.nextRequest();
      if (work.request === "tried again") work.fail(transient());
      else if (work.request === "fails") work.fail(new Error("fails"));
      else if (work.request === "late") void clock.advance(1_000).then(() => work.respond("late"));
      else work.respond("ok");
    }
    await clock.advance(10);
  }
  abort.abort("enough");
  handle.allow(Number.POSITIVE_INFINITY);
  while (handle.active > 0) {
    (await handle.nextRequest()).respond("at last");
    await clock.advance(0);
  }
  await ended;
  await clock.advance(0);
  expect(abort.listening).toBe(0);
}

/** Functions that read time, set timers, or make signals that leave listeners behind. */
const forbidden: readonly (readonly [object: object, method: string])[] = [
  [globalThis, "setTimeout"],
  [globalThis, "clearTimeout"],
  [globalThis, "setInterval"],
  [globalThis, "setImmediate"],
  [Date, "now"],
  [performance, "now"],
  [AbortSignal, "any"],
  [AbortSignal, "timeout"],
];

describe.each(Object.keys(stacks))("promise 13: %s", (stack) => {
  test("goes by the clock that it was given, and touches no global that has to do with time", async () => {
    const each = gateway(stack);
    const spies = forbidden.map(([object, method]) => vi.spyOn(object as Record<string, () => unknown>, method));
    await drive(each);
    const touched = spies.flatMap((spy, nth) => (spy.mock.calls.length > 0 ? [forbidden[nth]?.[1]] : []));
    vi.restoreAllMocks();
    expect(touched).toEqual([]);
    expect(leftIn(each)).toEqual([]);
  });

  test("arms nothing while it is idle, before its first call and after its last", async () => {
    const each = gateway(stack);
    expect(each.clock.pending).toBe(0);
    const permit = permitOf(each.service);
    expect(each.clock.pending).toBe(0);
    permit.release();
    await drive(each);
    expect(each.clock.pending).toBe(0);
    await each.clock.advance(1_000_000);
    expect(each.clock.pending).toBe(0);
  });
});

describe("promise 13: timers", () => {
  test.each(Object.entries(eachLayer))(
    "%s arms none when it is made, wraps, reserves, or has answered",
    async (_name, make) => {
      const clock = new VirtualClock();
      const service = stacked(
        [make(clock)],
        serviceFn((request: string) => request),
      );
      expect(clock.pending).toBe(0);
      permitOf(service).release();
      expect(clock.pending).toBe(0);
      await service.call("x");
      await clock.advance(0);
      expect(clock.pending).toBe(0);
    },
  );

  test("a layer arms at most one, however many callers it has", () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const service = stacked(
      [timeout({ ready: 60_000, call: 100, clock }), rateLimit({ limit: 3, interval: 1_000, clock })],
      workshop.service,
    );
    for (let caller = 0; caller < 100; caller++) service.call(`${caller}`).catch(() => {});
    expect([workshop.running.length, clock.pending]).toEqual([3, 2]);
  });

  test("one that fires is believed, also where the clock says that it is early", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const seen: AnyLayer[] = [
      timeout({ call: 200, clock }),
      retry(again, { clock }),
      rateLimit({ limit: 1, interval: 100, clock }),
    ];
    const service = stacked(seen, workshop.service);
    const first = service.call("a").catch((error: unknown) => error);
    const second = service.call("b");
    clock.jump(-0.4);
    workshop.of("a").fail(new Error("again"));
    await clock.advanceAsync(100);
    // Exactly at its due time.
    expect(workshop.begun).toEqual(["a", "b"]);
    workshop.of("b").finish();
    expect(await second).toBe("B");
    await clock.advanceAsync(100);
    expect(workshop.begun).toEqual(["a", "b"]);
    expect(await first).toSatisfy(isTimeoutError);
    expect(clock.pending).toBe(0);
  });

  test("a response that is there beats those that are due in the same turn, through many layers", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const own = Array.from({ length: 3 }, () => eachLayer["middleware of its own"]!(clock));
    const layers = [timeout({ call: 100, clock }), retry(again, { clock }), ...own, timeout({ call: 100, clock })];
    const service = stacked([...layers, ...own, concurrencyLimit(1)], workshop.service);
    const answer = service.call("a");
    clock.setTimeout(() => workshop.of("a").finish(), 100);
    await clock.advance(100);
    expect(await answer).toBe("A");
    expect(clock.pending).toBe(0);
  });
});

describe("promise 13: with the system's clock", () => {
  const layers = (): AnyLayer[] => [
    trace(),
    timeout({ ready: 60_000, call: 60_000 }),
    buffer({ capacity: 5 }),
    retry(retryPolicy({ maxRetries: 1 })),
    rateLimit({ limit: 2, interval: 60_000 }),
    concurrencyLimit(1),
    timeout({ total: 60_000 }),
  ];

  test("after everything has settled no timer keeps the process alive, nor did any before", () =>
    timersOfOurs(async (armed) => {
      const workshop = new Workshop();
      const service = stacked(layers(), workshop.service);
      expect(armed()).toBe(0);
      const abort = watchedAbort();
      const ended = Promise.allSettled(
        ["a", "b", "c", "d"].map((request) => service.call(request, { signal: abort.signal })),
      );
      await new Promise(setImmediate);
      // It would show: two timeouts.
      expect(armed()).toBeGreaterThan(0);
      workshop.of("a").fail(new Error("again"));
      await new Promise(setImmediate);
      abort.abort("enough");
      workshop.running[0]?.finish();
      await ended;
      expect(armed()).toBe(0);
      expect(abort.listening).toBe(0);
    }));

  test("loading the packages arms nothing", () =>
    timersOfOurs(async (armed) => {
      vi.resetModules();
      await Promise.all([
        import("@sluice/buffer"),
        import("@sluice/core"),
        import("@sluice/limit"),
        import("@sluice/load-shed"),
        import("@sluice/retry"),
        import("@sluice/testing"),
        import("@sluice/timeout"),
        import("@sluice/trace"),
        import("@sluice/util"),
        import("@sluice/util-box"),
      ]);
      expect(armed()).toBe(0);
    }));

  test("globals are looked up late, so that fake timers work, also for stacks that were there before", async () => {
    const workshop = new Workshop();
    const service = stacked([timeout(1_000), retry(again), rateLimit({ limit: 1, interval: 100 })], workshop.service);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const answer = service.call("a");
    workshop.of("a").fail(new Error("again"));
    await vi.advanceTimersByTimeAsync(99);
    expect(workshop.running).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2);
    workshop.of("a").finish();
    expect(await answer).toBe("A");
    expect(vi.getTimerCount()).toBe(0);
    expect(systemClock.now()).toBe(performance.now());
  });
});

describe("promise 5: a signal that outlives its calls", () => {
  test.each(Object.entries(eachLayer))("keeps no listener of %s", async (_name, make) => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const service = stacked([make(clock), concurrencyLimit(2)], workshop.service);
    const abort = watchedAbort();
    const calls = Array.from({ length: 6 }, (_each, nth) => service.call(`${nth}`, { signal: abort.signal }));
    const ended = Promise.allSettled(calls);
    for (let round = 0; round < 10; round++) {
      await clock.advance(0);
      const [work] = workshop.running;
      if (round % 3 === 2) work?.fail(new Error("no"));
      else work?.finish();
    }
    await ended;
    await clock.advance(0);
    expect(workshop.running).toHaveLength(0);
    expect([abort.listening, clock.pending]).toEqual([0, 0]);
  });
});

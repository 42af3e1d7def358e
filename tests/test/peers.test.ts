import { AsyncLocalStorage } from "node:async_hooks";
import { buffer } from "@sluice/buffer";
import { type AnyLayer, gate, type Lease, type Outcome, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";
import { Workshop } from "./helper/workshop.ts";

const reason = { why: "left" };

function world(layers: (clock: VirtualClock) => readonly AnyLayer[]) {
  const clock = new VirtualClock();
  const workshop = new Workshop();
  const made = layers(clock);
  return { clock, workshop, layers: made, service: stacked(made, workshop.service) };
}

describe("promise 4: the line", () => {
  test("a queued call is not overtaken (cockatiel 4 does)", async () => {
    const { workshop, service } = world(() => [concurrencyLimit(1)]);
    void service.call("first");
    void service.call("queued");
    workshop.of("first").finish();
    // In the microtask in which the slot becomes free, and in every later one until it is taken.
    for (let tick = 0; tick < 5; tick++) {
      void service.call(`late ${tick}`);
      await Promise.resolve();
    }
    expect(workshop.begun).toEqual(["first", "queued"]);
  });

  test("a queued call is not refused while a later one runs (cockatiel 4 does)", async () => {
    const { workshop, service } = world(() => [buffer({ capacity: 1 }), concurrencyLimit(1)]);
    void service.call("first");
    const queued = service.call("queued");
    workshop.of("first").finish();
    const permit = service.tryReady("late");
    permit?.call("late").catch(() => {});
    await turn();
    expect(workshop.begun).toEqual(["first", "queued"]);
    workshop.of("queued").finish();
    expect(await queued).toBe("QUEUED");
  });

  test("an aborted queued call settles at once, and its place is somebody else's (in cockatiel 4 it stays)", async () => {
    const queue = buffer({ capacity: 1 });
    const { workshop, service } = world(() => [queue, concurrencyLimit(1)]);
    void service.call("first");
    const controller = new AbortController();
    const aborted = service.call("queued", { signal: controller.signal });
    expect(service.tryReady()).toBeUndefined();
    controller.abort(reason);
    expect(queue.available).toBe(1);
    await expect(aborted).rejects.toBe(reason);
    void service.call("next");
    expect(workshop.begun).toEqual(["first"]);
    workshop.of("first").finish();
    await turn();
    expect(workshop.begun).toEqual(["first", "next"]);
  });

  // benchmarks/questions/line.ts measures their time, where a searched line shows.
  test("100,000 who wait are served in the order in which they came (89 times slower in mollitia 15 than 1,000)", async () => {
    const limit = concurrencyLimit(1);
    const served: string[] = [];
    const service = stacked(
      [limit],
      serviceFn((request: string) => String(served.push(request))),
    );
    const permit = await service.ready();
    const callers = Array.from({ length: 100_000 }, (_, index) => `${index}`);
    const answers = callers.map((caller) => service.call(caller));
    expect(limit.waiting).toBe(100_000);
    permit.release();
    await Promise.all(answers);
    expect(served).toEqual(callers);
    expect(limit).toMatchObject({ active: 0, waiting: 0 });
  });

  test("50,000 leave from the middle outwards, and nobody is left in line (p-queue searches it)", async () => {
    const limit = concurrencyLimit(1);
    const { service } = world(() => [limit]);
    const permit = await service.ready();
    const count = 50_000;
    const controllers = Array.from({ length: count }, () => new AbortController());
    const waiting = controllers.map(({ signal }) => service.ready({ signal }).catch((error: unknown) => error));
    for (let nth = 0; nth < count; nth++) {
      const at = (count >> 1) + (nth % 2 === 0 ? nth >> 1 : -((nth + 1) >> 1));
      controllers[at]?.abort(reason);
      expect(limit.waiting).toBe(count - nth - 1);
    }
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([reason]));
    permit.release();
    expect(limit.available).toBe(1);
  });
});

describe("promise 6: no more run than may", () => {
  const limit = (): AnyLayer => concurrencyLimit(1);
  const times = (clock: VirtualClock): AnyLayer => timeout({ call: 10, clock });

  test.each([
    [
      "the timeout outside the limit (opossum, p-queue, bottleneck, Effect)",
      (clock: VirtualClock) => [times(clock), limit()],
    ],
    ["the timeout inside the limit (cockatiel, mollitia, Effect)", (clock: VirtualClock) => [limit(), times(clock)]],
  ])("%s", async (_name, layers) => {
    const { clock, workshop, service } = world(layers);
    for (let round = 0; round < 5; round++) {
      service.call(`${round}`).catch(() => {});
      await clock.advance(10);
    }
    expect([workshop.begun, workshop.most]).toEqual([["0"], 1]);
  });

  test("when the caller aborts running work (p-queue and Effect run the next one)", async () => {
    const { workshop, service } = world(() => [limit()]);
    const controller = new AbortController();
    const first = service.call("a", { signal: controller.signal });
    const second = service.call("b");
    controller.abort(reason);
    await turn();
    expect(workshop.begun).toEqual(["a"]);
    workshop.of("a").finish();
    expect(await first).toBe("A");
    await turn();
    workshop.of("b").finish();
    expect(await second).toBe("B");
    expect(workshop.most).toBe(1);
  });
});

describe("promise 8: context", () => {
  test("work that waited runs in its own caller's (in cockatiel, bottleneck and mollitia in another's)", async () => {
    const caller = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const service = stacked(
      [concurrencyLimit(1)],
      serviceFn(async (request: string) => {
        await turn();
        seen.push(`${request} for ${caller.getStore()}`);
        return request;
      }),
    );
    await Promise.all(["a", "b", "c"].map((name) => caller.run(name, () => service.call(name))));
    expect(seen).toEqual(["a for a", "b for b", "c for c"]);
  });
});

describe("promise 5: the reason, and the signal", () => {
  test("the abort's own reason is what the caller gets (lost in cockatiel and Effect)", async () => {
    const { service, workshop } = world((clock) => [
      timeout({ total: 100, clock }),
      retry(retryPolicy({ maxRetries: 1 }), { clock }),
      concurrencyLimit(1),
    ]);
    void service.call("in the way");
    const controller = new AbortController();
    const waiting = service.call("waits", { signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(workshop.begun).toEqual(["in the way"]);
  });

  test("a retry aborted in its pause settles then, with the reason (cockatiel 4: 480 ms later, with the failure)", async () => {
    const { clock, service, workshop } = world((given) => [
      retry(retryPolicy({ maxRetries: 3, backoff: exponentialBackoff({ base: 500, max: 500, jitter: "none" }) }), {
        clock: given,
      }),
    ]);
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    workshop.of("a").fail(new Error("operation"));
    await clock.advance(20);
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect([clock.now(), clock.pending]).toEqual([20, 0]);
  });

  test("on a time-out the work is told by its signal (not by p-timeout, bottleneck, mollitia)", async () => {
    const { clock, service, workshop } = world((given) => [timeout({ call: 10, clock: given }), concurrencyLimit(1)]);
    const answer = service.call("a").catch((error: unknown) => error);
    await clock.advance(10);
    const error = await answer;
    expect(error).toSatisfy(isTimeoutError);
    expect(workshop.of("a").options.signal?.reason).toBe(error);
  });
});

describe("promise 13: timers", () => {
  test("none is left to keep the process alive (in cockatiel, async-sema and mollitia one is)", async () => {
    const { clock, service, workshop } = world((given) => [
      timeout({ ready: 1_000, call: 1_000, clock: given }),
      rateLimit({ limit: 1, interval: 1_000, clock: given }),
      retry(retryPolicy({ maxRetries: 1 }), { clock: given }),
    ]);
    const controller = new AbortController();
    const answered = service.call("a");
    const aborted = service.call("b", { signal: controller.signal }).catch((error: unknown) => error);
    workshop.of("a").finish();
    await answered;
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    expect(clock.pending).toBe(0);
  });
});

describe("retries", () => {
  test("at the cap they are still spread (little in p-retry and cockatiel's default, not at all in tower)", () => {
    for (const jitter of ["full", "equal", "decorrelated"] as const) {
      const backoff = exponentialBackoff({ base: 100, max: 1_000, jitter });
      const atCap = Array.from({ length: 400 }, () => {
        let step = backoff.next();
        for (let retries = 0; retries < 12; retries++) step = backoff.next(step.state);
        return step.delay;
      });
      expect(Math.max(...atCap)).toBeLessThanOrEqual(1_000);
      expect(Math.max(...atCap) - Math.min(...atCap)).toBeGreaterThan(400);
    }
  });

  test("when all is down a budget bounds the calls (3 to 11 for each request in others)", async () => {
    let calls = 0;
    const clock = new VirtualClock();
    const budget = retryBudget({ ttl: 10_000, minPerSecond: 0, ratio: 0.2, clock });
    const attempts = (): AnyLayer =>
      retry(retryPolicy({ maxRetries: 3, budget, backoff: exponentialBackoff({ base: 0, max: 0 }) }), { clock });
    const service = stacked(
      [attempts(), timeout({ call: 100, clock }), concurrencyLimit(100)],
      serviceFn((_request: string): string => {
        calls++;
        throw new Error("down");
      }),
    );
    for (let request = 0; request < 1_000; request++) await service.call("x").catch(() => {});
    expect(calls).toBe(1_200);
  });

  test("a budget of 0.7 is 0.7 (tower truncates 1 / 0.7 and allows 1)", () => {
    const budget = retryBudget({ ttl: 10_000, minPerSecond: 0, ratio: 0.7, clock: new VirtualClock() });
    let retries = 0;
    for (let request = 0; request < 1_000; request++) {
      budget.deposit();
      while (budget.withdraw()) retries++;
    }
    expect(retries).toBe(700);
  });
});

describe("rates", () => {
  /** The most starts in any span of 100 ms, with callers that ask without a pause. */
  async function densest(options: { readonly algorithm?: "fixed-window" }): Promise<number> {
    const clock = new VirtualClock();
    const starts: number[] = [];
    const service = stacked(
      [rateLimit({ limit: 10, interval: 100, clock, ...options }), concurrencyLimit(100)],
      serviceFn((request: string) => {
        starts.push(clock.now());
        return request;
      }),
    );
    // One opens a window, the others come at its end and at the beginning of the next.
    void service.call("x");
    await clock.advance(95);
    for (let caller = 0; caller < 100; caller++) void service.call("x");
    await clock.advanceAsync(500);
    return Math.max(...starts.map((from) => starts.filter((at) => at >= from && at < from + 100).length));
  }

  test("never more than the limit in any interval (1.9 times in p-queue, twice in tower)", async () => {
    expect(await densest({})).toBe(10);
    // It exists for users who want tower's behaviour.
    expect(await densest({ algorithm: "fixed-window" })).toBe(19);
  });

  test("an aborted waiter's turn is the next one's (lost in Effect)", async () => {
    const { clock, workshop, service } = world((given) => [rateLimit({ limit: 1, interval: 100, clock: given })]);
    const controller = new AbortController();
    void service.call("a");
    service.call("b", { signal: controller.signal }).catch(() => {});
    void service.call("c");
    await clock.advance(50);
    controller.abort(reason);
    await clock.advance(50);
    expect(workshop.begun).toEqual(["a", "c"]);
  });
});

describe("breakers are gates", () => {
  /** Admits one call, and no other until that one has settled, as a half-open breaker does. */
  function halfOpen() {
    const told: string[] = [];
    let probing = false;
    const lease: Lease = {
      cancel: () => {
        probing = false;
        told.push("cancel");
      },
      start: () => told.push("start"),
      answered: ({ status }: Outcome) => told.push(`answered ${status}`),
      finish: () => {
        probing = false;
        told.push("finish");
      },
    };
    const tryAcquire = (): Lease | undefined => {
      if (probing) return undefined;
      probing = true;
      return lease;
    };
    const layer = gate({ tryAcquire, acquire: () => Promise.reject(new Error("open")) }, { name: "breaker" });
    return { told, layer };
  }

  test("a probe whose caller gave up while it waited frees the half-open slot", async () => {
    const { told, layer } = halfOpen();
    const limit = concurrencyLimit(0);
    const { clock, service, workshop } = world((given) => [timeout({ ready: 50, clock: given }), layer, limit]);
    const controller = new AbortController();
    const aborted = service.call("probe", { signal: controller.signal });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    const late = service.call("probe").catch((error: unknown) => error);
    await clock.advance(50);
    expect(await late).toSatisfy(isTimeoutError);
    expect(new Set(told.splice(0))).toEqual(new Set(["cancel"]));
    limit.max = 1;
    void service.call("probe");
    expect([told, workshop.begun]).toEqual([["start"], ["probe"]]);
  });

  test("it hears of a time-out when the caller does, and of the end of the work later", async () => {
    const { told, layer } = halfOpen();
    const { clock, service, workshop } = world((given) => [layer, timeout({ call: 50, clock: given })]);
    const late = service.call("probe").catch((error: unknown) => error);
    await clock.advance(50);
    expect(await late).toSatisfy(isTimeoutError);
    expect(told).toEqual(["start", "answered rejected"]);
    expect(clock.pending).toBe(0);
    workshop.of("probe").finish();
    await turn();
    expect(told).toEqual(["start", "answered rejected", "finish"]);
  });
});

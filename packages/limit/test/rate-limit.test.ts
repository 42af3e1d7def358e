import { AsyncLocalStorage } from "node:async_hooks";
import { gate, isOverloadedError, isPermitSpentError, ServiceBuilder, serviceFn, takeRefusal } from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { concurrencyLimit, rateLimit, type RateLimitOptions, SlidingWindow, TokenBucket } from "../src/index.ts";
import { giveUpAfter } from "./helper/give-up.ts";
import { permitOf } from "./helper/permit-of.ts";
import { unhandledIn } from "@sluice/test-kit";

const algorithms = ["sliding-window", "token-bucket", "fixed-window"] as const;

/** A service that answers at once, behind a rate. `starts` is when which request started. */
const limited = (options: Omit<RateLimitOptions, "clock">) => {
  const clock = new VirtualClock();
  const rate = rateLimit({ ...options, clock });
  const starts: [request: string, at: number][] = [];
  const service = rate.wrap(
    serviceFn((request: string) => {
      starts.push([request, clock.now()]);
      return request;
    }),
  );
  return { clock, rate, service, starts };
};

describe.each(algorithms)("%s", (algorithm) => {
  describe("what tower promises", () => {
    test("when the quota is reached, the next waits for the interval to pass", async () => {
      const { clock, service, starts } = limited({ limit: 1, interval: 10, algorithm });
      await service.call("first");
      expect(service.tryReady()).toBeUndefined();
      void service.call("second");
      await clock.advance(9);
      expect(starts).toEqual([["first", 0]]);
      await clock.advance(1);
      expect(starts).toEqual([
        ["first", 0],
        ["second", 10],
      ]);
    });

    test("after an idle interval the whole quota is there again", async () => {
      const { clock, rate, service, starts } = limited({ limit: 3, interval: 100, algorithm });
      await service.call("once");
      await clock.advance(100);
      expect(rate.available).toBe(3);
      for (const name of ["a", "b", "c"]) await service.call(name);
      expect(starts.slice(1)).toEqual([
        ["a", 100],
        ["b", 100],
        ["c", 100],
      ]);
      expect(service.tryReady()).toBeUndefined();
    });

    test("after a jump of the clock or a long idle time there is the quota, and no more", async () => {
      const { clock, rate, service } = limited({ limit: 2, interval: 100, algorithm });
      await service.call("a");
      await service.call("b");
      clock.jump(1_000_000);
      expect(rate.available).toBe(2);
      permitOf(service);
      permitOf(service);
      expect(service.tryReady()).toBeUndefined();
    });
  });

  describe("promise 1: reservation", () => {
    test("a permit takes up room until it is used, however long that takes", async () => {
      const { clock, rate, service, starts } = limited({ limit: 2, interval: 100, algorithm });
      const permit = permitOf(service);
      await clock.advance(1_000);
      expect(rate).toMatchObject({ active: 1, available: 1, oldest: 1_000 });
      await service.call("other");
      expect(service.tryReady()).toBeUndefined();
      await permit.call("held");
      expect(starts).toEqual([
        ["other", 1_000],
        ["held", 1_000],
      ]);
      expect(rate).toMatchObject({ active: 0, available: 0, oldest: 0 });
    });

    test("a start counts from when it is, and not from its reservation", async () => {
      const { clock, service, starts } = limited({ limit: 1, interval: 100, algorithm });
      const permit = permitOf(service);
      await clock.advance(90);
      await permit.call("late");
      void service.call("next");
      await clock.advance(99);
      expect(starts).toEqual([["late", 90]]);
      await clock.advance(1);
      expect(starts).toEqual([
        ["late", 90],
        ["next", 190],
      ]);
    });

    test("while permits take up all the room, nobody is let in and no timer is armed", async () => {
      const { clock, rate, service, starts } = limited({ limit: 1, interval: 100, algorithm });
      const permit = permitOf(service);
      const answer = service.call("waits");
      await clock.advance(1_000);
      expect(rate.waiting).toBe(1);
      expect(clock.pending).toBe(0);
      permit.release();
      await answer;
      expect(starts).toEqual([["waits", 1_000]]);
    });
  });

  describe("promise 2: spent once", () => {
    test("a second call reaches nobody and counts for nothing", async () => {
      const { rate, service, starts } = limited({ limit: 2, interval: 100, algorithm });
      const permit = permitOf(service);
      await permit.call("a");
      await expect(permit.call("b")).rejects.toSatisfy(isPermitSpentError);
      permit.release();
      expect(starts).toHaveLength(1);
      expect(rate).toMatchObject({ active: 0, available: 1 });
    });
  });

  describe("promise 3: nothing leaks", () => {
    test("a permit that is released, by hand or by its block, is there for another", () => {
      const { rate, service } = limited({ limit: 1, interval: 100, algorithm });
      permitOf(service).release();
      {
        using permit = permitOf(service);
        expect(permit).toBeDefined();
        expect(rate.available).toBe(0);
      }
      expect(rate).toMatchObject({ active: 0, available: 1 });
    });

    test("when the service inside refuses, throws, or fails to become ready, nothing is used", async () => {
      const clock = new VirtualClock();
      const rate = rateLimit({ limit: 1, interval: 100, algorithm, clock });
      const [inner, handle] = mockService<string, string>();
      const service = rate.wrap(inner);
      const failure = new Error("down");

      handle.allow(0);
      expect(service.tryReady()).toBeUndefined();
      expect(rate).toMatchObject({ active: 0, available: 1 });
      const waiting = service.ready();
      expect(rate.active).toBe(1);
      handle.sendFailure(failure);
      await expect(waiting).rejects.toBe(failure);
      expect(rate).toMatchObject({ active: 0, available: 1 });
      handle.sendFailure(failure);
      expect(() => service.tryReady()).toThrow(failure);
      expect(rate).toMatchObject({ active: 0, available: 1 });
    });

    test("a call that fails, or throws, has started all the same", async () => {
      const rate = rateLimit({ limit: 2, interval: 100, algorithm, clock: new VirtualClock() });
      const failure = new Error("no");
      const service = rate.wrap(
        serviceFn((how: string) => {
          if (how === "throw") throw failure;
          return Promise.reject(failure);
        }),
      );
      await expect(service.call("throw")).rejects.toBe(failure);
      expect(rate).toMatchObject({ active: 0, available: 1 });
      await expect(service.call("reject")).rejects.toBe(failure);
      expect(rate).toMatchObject({ active: 0, available: 0 });
    });

    test("a permit that meets an aborted signal is given back", async () => {
      const { rate, service } = limited({ limit: 1, interval: 100, algorithm });
      const reason = new Error("gone");
      await expect(permitOf(service).call("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await expect(service.call("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await expect(service.ready({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(rate).toMatchObject({ active: 0, available: 1 });
    });
  });

  describe("promise 4: in line", () => {
    test("those who wait start in order, each as soon as it may, by one timer", async () => {
      const { clock, rate, service, starts } = limited({ limit: 1, interval: 10, algorithm });
      for (const name of ["a", "b", "c", "d"]) void service.call(name);
      expect(rate.waiting).toBe(3);
      expect(clock.pending).toBe(1);
      await clock.advanceAsync(100);
      expect(starts).toEqual([
        ["a", 0],
        ["b", 10],
        ["c", 20],
        ["d", 30],
      ]);
      expect(clock.pending).toBe(0);
    });

    test("a newcomer gets nothing while somebody waits, nor before the one let in has moved on", async () => {
      const { clock, service } = limited({ limit: 2, interval: 10, algorithm });
      const first = permitOf(service);
      const second = permitOf(service);
      const waiting = service.ready();
      first.release();
      second.release();
      expect(service.tryReady()).toBeUndefined();
      const behind = service.ready();
      (await waiting).release();
      (await behind).release();
      await clock.advance(0);
      expect(service.tryReady()).toBeDefined();
      expect(clock.pending).toBe(0);
    });
  });

  describe("promise 5: abort", () => {
    test("a waiter that gives up uses nothing, and disarms the timer that was for it", async () => {
      const { clock, rate, service, starts } = limited({ limit: 1, interval: 100, algorithm });
      await service.call("first");
      const caller = new AbortController();
      const given = service.call("gives up", { signal: caller.signal });
      const patient = service.call("patient");
      await clock.advance(50);
      caller.abort("enough");
      expect(rate.waiting).toBe(1);
      await expect(given).rejects.toBe("enough");
      expect(clock.pending).toBe(1);
      await clock.advance(50);
      await patient;
      expect(starts).toEqual([
        ["first", 0],
        ["patient", 100],
      ]);

      const alone = new AbortController();
      const last = service.ready({ signal: alone.signal });
      expect(clock.pending).toBe(1);
      alone.abort("enough");
      expect(clock.pending).toBe(0);
      await expect(last).rejects.toBe("enough");
    });

    test("when the turn and the abort meet, the turn goes to the next in line", async () => {
      const { clock, rate, service, starts } = limited({ limit: 1, interval: 100, algorithm });
      await service.call("first");
      const caller = new AbortController();
      const given = service.call("gives up", { signal: caller.signal });
      const next = service.call("next");
      const advanced = clock.advance(100);
      caller.abort("enough");
      await expect(given).rejects.toBe("enough");
      await advanced;
      await next;
      expect(starts).toEqual([
        ["first", 0],
        ["next", 100],
      ]);
      expect(rate.active).toBe(0);
    });
  });

  describe("promise 8: context", () => {
    test("who waited runs in the context it asked in", async () => {
      const context = new AsyncLocalStorage<string>();
      const clock = new VirtualClock();
      const service = rateLimit({ limit: 1, interval: 10, algorithm, clock }).wrap(serviceFn(() => context.getStore()));
      const answers = ["a", "b", "c"].map((name) => context.run(name, () => service.call(name)));
      await context.run("nobody's", () => clock.advanceAsync(20));
      expect(await Promise.all(answers)).toEqual(["a", "b", "c"]);
    });
  });

  describe("a deadline", () => {
    test("that the turn cannot come by is refused at once, behind those who wait", async () => {
      const { clock, rate, service, starts } = limited({ limit: 1, interval: 100, algorithm });
      await service.call("first");
      void service.call("second");
      await clock.advance(30);
      const refused = service.call("late", { deadline: 199 });
      expect(rate.waiting).toBe(1);
      await expect(refused).rejects.toSatisfy(isOverloadedError);
      await expect(refused).rejects.toMatchObject({ layer: "rateLimit", retryAfter: 170 });
      const justInTime = service.call("just in time", { deadline: 200 });
      await clock.advanceAsync(170);
      await justInTime;
      expect(starts).toEqual([
        ["first", 0],
        ["second", 100],
        ["just in time", 200],
      ]);
    });

    test("that is missed while waiting is refused when the turn comes, which goes to the next", async () => {
      const { clock, rate, service, starts } = limited({ limit: 1, interval: 100, algorithm });
      await service.call("first");
      // Ahead of them somebody who is let in and takes time to start.
      const slow = service.ready();
      const hurried = service.call("hurried", { deadline: 200 });
      const patient = service.call("patient");
      await clock.advance(100);
      const permit = await slow;
      await clock.advance(50);
      expect(rate.waiting).toBe(2);
      const missed = hurried.catch((error: unknown) => error);
      await permit.call("slow");
      expect(await missed).toMatchObject({ layer: "rateLimit", retryAfter: 200 });
      await clock.advance(100);
      await patient;
      expect(starts).toEqual([
        ["first", 0],
        ["slow", 150],
        ["patient", 250],
      ]);
    });

    test("does not matter to those who need not wait", async () => {
      const { clock, service } = limited({ limit: 1, interval: 100, algorithm });
      await clock.advance(10);
      expect(await service.call("a", { deadline: 0 })).toBe("a");
    });
  });

  describe("a refusal", () => {
    test("says exactly when the next could be let in, behind those who wait", async () => {
      const { clock, service } = limited({ limit: 1, interval: 100, algorithm });
      await service.call("first");
      await clock.advance(30);
      expect(service.tryReady()).toBeUndefined();
      expect(takeRefusal()).toMatchObject({ layer: "rateLimit", retryAfter: 70 });
      void service.call("second");
      expect(service.tryReady()).toBeUndefined();
      expect(takeRefusal()).toMatchObject({ layer: "rateLimit", retryAfter: 170 });
      await clock.advanceAsync(170);
      expect(service.tryReady()).toBeDefined();
    });

    test("when a permit takes up the room, says when that can be over, if it is used now", () => {
      const { service } = limited({ limit: 1, interval: 100, algorithm });
      permitOf(service);
      expect(service.tryReady()).toBeUndefined();
      expect(takeRefusal()).toMatchObject({ layer: "rateLimit", retryAfter: 100 });
    });
  });
});

describe("promise 6: until it settles", () => {
  test.each(["outside", "inside"])(
    "a rate %s of a layer that gives up early counts starts, and nothing else",
    async (nesting) => {
      const clock = new VirtualClock();
      const rate = rateLimit({ limit: 2, interval: 100, clock });
      const early = giveUpAfter(clock, 10);
      const [inner, handle] = mockService<string, string>();
      const service = nesting === "outside" ? rate.wrap(early.wrap(inner)) : early.wrap(rate.wrap(inner));
      const answer = service.call("a").catch((error: unknown) => error);
      await clock.advance(10);
      expect(await answer).toEqual(new Error("gave up"));
      expect(rate).toMatchObject({ active: 0, available: 1 });
      (await handle.nextRequest()).respond("late");
      await clock.advance(90);
      expect(rate.available).toBe(2);
    },
  );
});

describe("promise 7: never thrown at you", () => {
  test("a refusal for the deadline is a rejection, reported where it is ignored", async () => {
    const { service } = limited({ limit: 1, interval: 100 });
    await service.call("first");
    const reported = await unhandledIn(() => {
      void service.call("late", { deadline: 1 });
    });
    expect(reported).toEqual([expect.objectContaining({ code: "ERR_SLUICE_OVERLOADED" })]);
    expect(await unhandledIn(() => service.call("late", { deadline: 1 }).catch(() => {}))).toEqual([]);
  });
});

describe("promise 9: all or nothing", () => {
  test("a rate outside of a concurrency limit holds its permit while it waits for a slot", async () => {
    const clock = new VirtualClock();
    const rate = rateLimit({ limit: 2, interval: 100, clock });
    const slots = concurrencyLimit(1, { clock });
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(rate).layer(slots).service(inner);
    const first = service.call("first");
    const caller = new AbortController();
    const second = service.call("second", { signal: caller.signal });
    expect(rate).toMatchObject({ active: 1, available: 0 });
    expect(slots.waiting).toBe(1);
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "rateLimit" });

    caller.abort("enough");
    await expect(second).rejects.toBe("enough");
    expect(rate).toMatchObject({ active: 0, available: 1 });
    // There is room again, and no slot.
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "concurrencyLimit", retryAfter: undefined });
    expect(rate).toMatchObject({ active: 0, available: 1 });
    (await handle.nextRequest()).respond("done");
    expect(await first).toBe("done");
    expect(service.tryReady()).toBeDefined();
  });
});

describe("promise 11: free where idle", () => {
  test("the work starts in the turn of the call, without a timer", () => {
    const { clock, service, starts } = limited({ limit: 1, interval: 100 });
    void service.call("a");
    expect(starts).toEqual([["a", 0]]);
    expect(clock.pending).toBe(0);
  });

  test("it counts starts, so that it hands on the very answer, at the edge of a stack too", () => {
    const answer = Promise.resolve("A");
    const service = rateLimit({ limit: 1, interval: 100 }).wrap(serviceFn(() => answer));
    expect(service.call("a")).toBe(answer);
  });
});

describe("promise 14: bad options", () => {
  const good = { limit: 1, interval: 100 };
  test.each([
    [undefined, "limit", TypeError],
    [null, "options", TypeError],
    [5, "options", TypeError],
    [{ ...good, limit: undefined }, "limit", TypeError],
    [{ ...good, limit: "1" }, "limit", TypeError],
    [{ ...good, limit: 0 }, "limit", RangeError],
    [{ ...good, limit: -1 }, "limit", RangeError],
    [{ ...good, limit: 0.5 }, "limit", RangeError],
    [{ ...good, limit: Number.NaN }, "limit", RangeError],
    [{ ...good, limit: Number.POSITIVE_INFINITY }, "limit", RangeError],
    [{ ...good, limit: 2 ** 53 }, "limit", RangeError],
    [{ ...good, interval: undefined }, "interval", TypeError],
    [{ ...good, interval: "1s" }, "interval", TypeError],
    [{ ...good, interval: 0 }, "interval", RangeError],
    [{ ...good, interval: -1 }, "interval", RangeError],
    [{ ...good, interval: Number.NaN }, "interval", RangeError],
    [{ ...good, interval: 2 ** 31 }, "interval", RangeError],
    [{ ...good, clock: 5 }, "clock", TypeError],
    [{ ...good, clock: { now: () => 0 } }, "clock", TypeError],
    [{ ...good, algorithm: 5 }, "algorithm", TypeError],
    [{ ...good, algorithm: "leaky-bucket" }, "algorithm", RangeError],
    [{ ...good, algorithm: "token-bucket", burst: "1" }, "burst", TypeError],
    [{ ...good, algorithm: "token-bucket", burst: 0 }, "burst", RangeError],
    [{ ...good, algorithm: "token-bucket", burst: 1.5 }, "burst", RangeError],
    [{ ...good, burst: "1" }, "burst", TypeError],
    [{ ...good, burst: 2 }, "burst", RangeError],
    [{ ...good, algorithm: "fixed-window", burst: 2 }, "burst", RangeError],
  ])("%j: %s", (options, option, type) => {
    const made = (): unknown => rateLimit(options as never);
    expect(made).toThrow(type);
    expect(made).toThrow(new RegExp(`^rateLimit: ${option} .*; received `));
  });
});

describe("a rate that is shared", () => {
  test("a layer around several services is one rate for them all", async () => {
    const { rate, service } = limited({ limit: 2, interval: 100 });
    const other = rate.wrap(serviceFn(() => "other"));
    await service.call("a");
    await other.call("b");
    expect(service.tryReady()).toBeUndefined();
    expect(other.tryReady()).toBeUndefined();
  });

  test("so is a gate, under names of its own", async () => {
    const clock = new VirtualClock();
    const quota = new SlidingWindow({ limit: 1, interval: 100, clock });
    const [one, other] = ["one", "other"].map((name) => gate(quota, { name }).wrap(serviceFn(() => name)));
    await one?.call("a");
    expect(other?.tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "other", retryAfter: 100 });
  });

  test("the same twice in a stack is refused", () => {
    const rate = rateLimit({ limit: 1, interval: 1 });
    expect(() =>
      new ServiceBuilder()
        .layer(rate)
        .layer(rate)
        .serviceFn(() => 1),
    ).toThrow(TypeError);
    expect(new ServiceBuilder().layer(rate).describe()).toEqual(["rateLimit"]);
  });
});

describe("what is seen of a rate", () => {
  test("its limit and interval can be read, and it says what it is", () => {
    const rate = rateLimit({ limit: 5, interval: 100, algorithm: "token-bucket", label: "search" });
    expect(rate).toMatchObject({ limit: 5, interval: 100 });
    expect(rate.about).toEqual({
      label: "search",
      traits: ["rates"],
      facts: { limit: 5, interval: 100, algorithm: "token-bucket" },
    });
  });

  test("a refusal has its label and reason, be it told at once or by the deadline", async () => {
    const clock = new VirtualClock();
    const service = rateLimit({ limit: 1, interval: 100, label: "search", clock }).wrap(serviceFn(() => 1));
    await service.call("a");
    service.tryReady();
    const refusal = { layer: "rateLimit", label: "search", reason: "rate", retryAfter: 100 };
    expect(takeRefusal()).toEqual(refusal);
    await expect(service.call("b", { deadline: 50 })).rejects.toMatchObject(refusal);
  });

  test("JSON.stringify writes what it is and its counters, also while somebody waits", async () => {
    const clock = new VirtualClock();
    const rate = new SlidingWindow({ limit: 1, interval: 100, label: "search", clock });
    const counters = { limit: 1, interval: 100, active: 1, waiting: 1, available: 0, oldest: 20 };
    const lease = rate.tryAcquire();
    const waiting = rate.acquire();
    await clock.advance(20);
    expect(JSON.parse(JSON.stringify(rate))).toEqual({ label: "search", ...counters });
    const layer = rateLimit({ limit: 1, interval: 100, label: "search", clock });
    const permit = layer.wrap(serviceFn(() => 1)).tryReady();
    await clock.advance(20);
    expect(JSON.parse(JSON.stringify(layer))).toEqual({ name: "rateLimit", label: "search", ...counters, waiting: 0 });
    permit?.release();
    lease?.cancel();
    (await waiting).cancel();
  });

  test("a gate is idle when nobody holds or waits and all of it is available", async () => {
    const clock = new VirtualClock();
    const bucket = new TokenBucket({ limit: 1, interval: 100, clock });
    expect(bucket.idle).toBe(true);
    const lease = bucket.tryAcquire()!;
    expect(bucket.idle).toBe(false);
    lease.start?.(1, {});
    expect(bucket.idle).toBe(false);
    await clock.advance(100);
    expect(bucket.idle).toBe(true);
  });
});

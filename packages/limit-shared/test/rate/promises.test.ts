import { type Clock, isOverloadedError, ServiceBuilder } from "@sluice/core";
import { seed, watch } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryStore, sharedRateLimit, type SharedRateLimitOptions } from "../../src/index.ts";
import { RateFleet, type RateMember } from "../helper/rate-fleet.ts";
import { RemoteStore } from "../helper/remote-store.ts";

const ignore = (): void => {};

function skewed(clock: Clock, by: number): Clock {
  return {
    now: () => clock.now() + by,
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (handle) => {
      clock.clearTimeout(handle);
    },
  };
}

function one(options: Partial<SharedRateLimitOptions> = {}) {
  const clock = new VirtualClock();
  const store = new RemoteStore(clock);
  const layer = sharedRateLimit({ store, key: "k", limit: 10, interval: 1_000, clock, ...options });
  const [inner, handle] = mockService<string, number>();
  return { clock, store, layer, handle, service: new ServiceBuilder().layer(layer).service(inner) };
}

describe("promise 1: the bound over all members", () => {
  test("holds whatever is offered, to however many, over slow links, and with clocks that disagree", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          limit: fc.constantFrom(1, 5, 40, 200),
          burst: fc.constantFrom(1, 10, 60),
          hold: fc.constantFrom(20, 100, 300),
          trips: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
          skew: fc.constantFrom(0, 30_000, -30_000, 0.6),
          load: fc.array(
            fc.record({
              at: fc.integer({ min: 0, max: 700 }),
              calls: fc.integer({ min: 1, max: 40 }),
              ends: fc.boolean(),
            }),
            { minLength: 1, maxLength: 30 },
          ),
        }),
        async ({ limit, burst, hold, trips, skew, load }) => {
          const fleet = new RateFleet({ limit, interval: 500, burst, hold }, trips, (nth, clock) => ({
            clock: skewed(clock, nth * skew),
          }));
          const began = fleet.clock.now();
          await fleet.run(800, (now) => {
            for (const { at, calls, ends } of load) {
              if (began + at !== now) continue;
              const { service } = fleet.members[at % fleet.members.length]!;
              const { signal } = new AbortController();
              for (let call = 0; call < calls; call++) {
                // Some wait, some give up in line, and the others do not wait.
                const controller = new AbortController();
                if (call % 3 === 0) service.call(0, { signal }).catch(ignore);
                else if (call % 3 === 1) {
                  service.call(0, { signal: controller.signal }).catch(ignore);
                  if (ends) fleet.clock.setTimeout(() => controller.abort(), call);
                } else service.tryReady(0)?.call(0).catch(ignore);
              }
            }
          });
          expect(fleet.excess({ burst: Math.max(burst, 1 + (limit * hold) / 500) })).toBeLessThanOrEqual(1e-6);
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  test("holds where a permit waits for almost as long as its token is good", async () => {
    const fleet = new RateFleet({ limit: 100, interval: 1_000, burst: 20, hold: 100 }, [0, 0]);
    const [early, late] = fleet.members;
    await fleet.run(1);
    await early!.layer.warm(10);
    const held = Array.from({ length: 10 }, () => early!.service.tryReady(0)!);
    await fleet.run(99);
    for (const permit of held) permit.call(0).catch(ignore);
    for (let call = 0; call < 50; call++) late!.service.call(0).catch(ignore);
    await fleet.run(400);
    expect(fleet.starts.length).toBeGreaterThan(40);
    expect(fleet.excess({ burst: 20 })).toBeLessThanOrEqual(1e-6);
  });
});

test("promise 1 holds while the store fails in any way, where members refuse then", async () => {
  const behaviours = ["answers", "hangs", "loses", "rejects", "throws"] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        hold: fc.constantFrom(20, 60, 200),
        trips: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }),
        faults: fc.array(
          fc.record({
            at: fc.integer({ min: 0, max: 900 }),
            member: fc.nat(3),
            behaviour: fc.constantFrom(...behaviours),
            slow: fc.constantFrom(0, 3, 15),
          }),
          { minLength: 1, maxLength: 12 },
        ),
      }),
      async ({ hold, trips, faults }) => {
        const fleet = new RateFleet({ limit: 50, interval: 500, burst: 25, hold, outage: "refuse" }, trips);
        const began = fleet.clock.now();
        await fleet.run(1_200, (now) => {
          for (const { at, member, behaviour, slow } of faults) {
            if (began + at !== now) continue;
            const { store } = fleet.members[member % fleet.members.length]!;
            store.behaviour = behaviour;
            store.there = slow;
          }
          for (const { service, layer } of fleet.members) if (layer.waiting < 4) service.call(0).catch(ignore);
        });
        expect(fleet.excess({ burst: Math.max(25, 1 + (50 * hold) / 500) })).toBeLessThanOrEqual(1e-6);
      },
    ),
    { seed, numRuns: 60 },
  );
});

describe("promise 2: members that are saturated together", () => {
  test.each([
    [
      "wait in line",
      (fleet: RateFleet) => {
        for (const { service, layer } of fleet.members) while (layer.waiting < 30) service.call(0).catch(ignore);
      },
    ],
    [
      "are refused and come again",
      (fleet: RateFleet) => {
        for (const { service } of fleet.members)
          for (let call = 0; call < 2; call++) service.tryReady(0)?.call(0).catch(ignore);
      },
    ],
  ])("start nine tenths of the limit or more, where they %s", async (_how, offer) => {
    const fleet = new RateFleet({ limit: 400, interval: 1_000 }, [0, 1, 2, 5]);
    await fleet.run(1_500, () => {
      offer(fleet);
    });
    const from = fleet.clock.now() - 1_000;
    expect(fleet.starts.filter((start) => start >= from).length).toBeGreaterThanOrEqual(360);
    expect(fleet.excess()).toBeLessThanOrEqual(1e-6);
    const trips = fleet.members.reduce((sum, { layer }) => sum + layer.trips, 0);
    // Under 0.6 round trips a call: the store is asked in batches.
    expect(trips / fleet.starts.length).toBeLessThan(0.6);
  });

  test("all have a part of it, also the one with the shortest line", async () => {
    const fleet = new RateFleet({ limit: 400, interval: 1_000 }, [1, 1, 1, 1]);
    await fleet.run(2_000, () => {
      for (const [nth, { service, layer }] of fleet.members.entries()) {
        while (layer.waiting < [100, 20, 50, 5][nth]!) service.call(0).catch(ignore);
      }
    });
    const shares = fleet.members.map(({ starts }) => starts.length);
    const sum = shares.reduce((a, b) => a + b);
    const jain = sum ** 2 / (shares.length * shares.reduce((a, b) => a + b ** 2, 0));
    expect(jain).toBeGreaterThanOrEqual(0.9);
  });
});

describe("promise 3: with stock", () => {
  test("a permit is there in the same turn, and the call starts in it", async () => {
    const { layer, service, handle } = one();
    expect(service.tryReady("a")).toBeUndefined();
    await layer.warm(3);
    expect(layer.available).toBe(3);
    void service.call("b");
    expect(handle.calls).toBe(1);
    const ready = watch(service.ready({ request: "c" }));
    await Promise.resolve();
    expect(ready()[0]).toBe("kept");
    expect([layer.active, layer.available]).toEqual([1, 1]);
  });

  test("a stack at rest has none: the first is not let in at once, and the second is", async () => {
    const { service, clock } = one();
    expect(service.tryReady("a")).toBeUndefined();
    await clock.advance(0);
    expect(service.tryReady("a")).toBeDefined();
  });

  test("callers of one turn ask the store together", async () => {
    const { service, store, clock, handle } = one();
    for (let call = 0; call < 8; call++) void service.call("a");
    await clock.advance(0);
    expect(handle.calls).toBe(8);
    expect(store.takes[0]).toMatchObject({ count: 8 });
  });
});

describe("demand that is refused", () => {
  const slow = { limit: 400, interval: 1_000, hold: 400 } as const;

  /** Each of four members has a call every 16 to 17 ms, 60 % of the limit in all, and a round trip of 100 ms. */
  async function offered(offer: (member: RateMember, nth: number) => void) {
    const fleet = new RateFleet(slow, [50, 50, 50, 50]);
    let calls = 0;
    const round = (now: number): void => {
      for (const [nth, member] of fleet.members.entries()) {
        if (Math.floor((now + nth * 4) * 0.06) === Math.floor((now + nth * 4 - 1) * 0.06)) continue;
        calls++;
        offer(member, nth);
      }
    };
    await fleet.run(1_000, round);
    calls = 0;
    fleet.starts.length = 0;
    const trips = (): number => fleet.members.reduce((sum, { layer }) => sum + layer.trips, 0);
    const before = trips();
    await fleet.run(4_000, round);
    return { started: fleet.starts.length / calls, trips: (trips() - before) / calls, fleet };
  }

  test("counts: with a round trip of 100 ms nearly all start, although nobody waits", async () => {
    const { started, trips, fleet } = await offered(({ service }) => {
      service.tryReady(0)?.call(0).catch(ignore);
    });
    expect(started).toBeGreaterThan(0.95);
    expect(trips).toBeLessThan(0.2);
    expect(fleet.excess()).toBeLessThanOrEqual(1e-6);
  });

  test("counts once, also where who is refused asks over and over", async () => {
    const fleet = new RateFleet({ ...slow, limit: 4_000 }, [50]);
    const [{ service, store }] = fleet.members as [RateMember];
    let wanted = 0;
    await fleet.run(3_000, (now) => {
      if (now % 25 === 0) wanted++;
      // A call comes every 25 ms, and asks every ms until it has a permit, each time twice.
      for (let ask = 0; ask < 2 && wanted > 0; ask++) {
        const permit = service.tryReady(0);
        if (permit === undefined) continue;
        wanted--;
        permit.call(0).catch(ignore);
      }
    });
    const borrowed = store.takes.map(({ count }) => count);
    // 8 of them come in half a `hold`, and 4 in a round trip; 1,600 could be had.
    expect(Math.max(...borrowed)).toBeLessThanOrEqual(40);
  });

  test("is no more than was offered where callers wait", async () => {
    const { started, fleet } = await offered(({ service }) => {
      service.call(0).catch(ignore);
    });
    expect(started).toBeGreaterThan(0.98);
    const borrowed = fleet.members.flatMap(({ store }) => store.takes.map(({ count }) => count));
    // 12 of them come in half a `hold`, and 6 in a round trip.
    expect(Math.max(...borrowed)).toBeLessThanOrEqual(30);
  });

  test("is forgotten by a member for which nobody comes any more", async () => {
    const fleet = new RateFleet(slow, [50]);
    const [{ service, store }] = fleet.members as [RateMember];
    await fleet.run(1_000, () => {
      service.tryReady(0)?.call(0).catch(ignore);
    });
    await fleet.run(2_000);
    const asked = store.takes.length;
    service.tryReady(0);
    await fleet.run(200);
    expect(store.takes.slice(asked)).toMatchObject([{ count: 1 }]);
  });
});

describe("promise 4: nothing is used", () => {
  test("by a permit that is given back", async () => {
    const { service, layer, store, clock } = one({ burst: 1 });
    await layer.warm();
    for (let again = 0; again < 5; again++) service.tryReady("a")!.release();
    expect(layer.available).toBe(1);
    expect(service.tryReady("a")).toBeDefined();
    await clock.advance(0);
    expect(store.takes).toHaveLength(1);
  });

  test("by a waiter who gives up: what was borrowed for it goes back", async () => {
    const { service, layer, store, clock } = one({ limit: 1, interval: 10_000 });
    await layer.warm();
    void service.call("a");
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = service.call("b", { signal: controller.signal });
    await clock.advance(0);
    expect(store.takes.at(-1)).toMatchObject({ count: 1 });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await clock.advance(0);
    expect(store.takes.at(-1)).toMatchObject({ count: 0, unused: 1 });
    // Somebody else finds the store as if nobody had waited.
    await clock.advance(10_000);
    const other = sharedRateLimit({ store, key: "k", limit: 1, interval: 10_000, clock });
    await other.warm();
    expect(other.available).toBe(1);
  });

  test("by permits that are given back in another order than they were had in", async () => {
    const { service, layer, clock, store } = one({ limit: 100, burst: 20 });
    await layer.warm(4);
    const [a, b, c] = [1, 2, 3].map(() => service.tryReady("a")!);
    a!.release();
    b!.release();
    expect(layer.available).toBe(3);
    c!.release();
    expect(layer.available).toBe(4);
    const [d, e] = [1, 2].map(() => service.tryReady("a")!);
    d!.release();
    await clock.advance(60);
    expect(layer.available).toBe(3);
    await clock.advance(40);
    // It has ended in the meantime.
    e!.release();
    expect(layer.available).toBe(0);
    expect(service.tryReady("a")).toBeUndefined();
    expect(store.takes).toHaveLength(1);
  });

  test("by tokens that end in stock, where they are the last that were granted", async () => {
    const { service, layer, store, clock } = one({ limit: 100, burst: 20 });
    await layer.warm(5);
    void service.call("a");
    await clock.advance(150);
    expect(layer.available).toBe(0);
    void service.call("b");
    await clock.advance(0);
    expect(store.takes.at(-1)).toMatchObject({ unused: 4, count: 1 });
  });
});

describe("promise 5: the order", () => {
  test("of a member's line is that of coming", async () => {
    const { service, clock, handle } = one({ burst: 1 });
    for (const request of ["a", "b", "c", "d"]) void service.call(request);
    await clock.advanceAsync(1_000);
    const seen: string[] = [];
    for (let call = 0; call < 4; call++) seen.push((await handle.nextRequest()).request);
    expect(seen).toEqual(["a", "b", "c", "d"]);
  });

  test("among members is that in which the store was asked", async () => {
    const fleet = new RateFleet({ limit: 10, interval: 1_000, burst: 1, hold: 10 }, [0, 0, 0]);
    const order: number[] = [];
    for (const nth of [2, 0, 1, 0, 2]) {
      void fleet.members[nth]!.service.call(0).then(() => order.push(nth));
      await fleet.run(1);
    }
    await fleet.run(900);
    expect(order).toEqual([2, 0, 1, 0, 2]);
  });
});

describe("promise 6: who could not start by its deadline", () => {
  test("is refused after one round trip, wherever in line it stands", async () => {
    const { service, clock, store } = one({ burst: 1, hold: 50 });
    store.there = store.back = 5;
    const first = service.call("a");
    const long = watch(service.call("b", { deadline: 5_000 }));
    const short = watch(service.call("c", { deadline: 150 }));
    await clock.advanceAsync(9);
    expect(short()[0]).toBe("pending");
    await clock.advanceAsync(1);
    const [state, error] = short();
    expect(state).toBe("broken");
    expect(isOverloadedError(error) && error.reason).toBe("rate");
    expect(isOverloadedError(error) && error.retryAfter).toBeGreaterThan(140);
    expect(long()[0]).toBe("pending");
    expect(clock.now()).toBe(10);
    void first;
  });

  test("is refused at once, where it is known from before", async () => {
    const { service, clock, layer } = one({ burst: 1 });
    void service.call("a");
    void service.call("b");
    await clock.advance(0);
    const late = watch(service.call("c", { deadline: 120 }));
    await clock.advance(0);
    expect(late()[0]).toBe("broken");
    expect(layer.waiting).toBe(1);
  });

  test("is refused where the process was busy until after it", async () => {
    const { service, clock } = one({ burst: 1 });
    void service.call("a");
    const late = watch(service.call("b", { deadline: 110 }));
    await clock.advanceAsync(50);
    expect(late()[0]).toBe("pending");
    clock.jump(200);
    await clock.advanceAsync(50);
    expect(isOverloadedError(late()[1])).toBe(true);
  });

  test("is refused although there is a token, where the answer comes after it", async () => {
    const { service, clock, store } = one();
    store.there = store.back = 20;
    const late = watch(service.call("a", { deadline: 30 }));
    const other = watch(service.call("b"));
    await clock.advanceAsync(40);
    expect([late()[0], other()[0]]).toEqual(["broken", "pending"]);
    expect(isOverloadedError(late()[1])).toBe(true);
  });

  test("a deadline in another time is refused as a mistake", async () => {
    const { service } = one();
    await expect(service.call("a", { deadline: Date.now() })).rejects.toThrow(/deadline must be at most/);
  });

  test("no token of a time after it is borrowed for it", async () => {
    const { service, clock, store } = one({ limit: 1, interval: 10_000 });
    void service.call("a");
    await clock.advance(0);
    const late = service.call("b", { deadline: 1_000 });
    await expect(late).rejects.toSatisfy(isOverloadedError);
    expect(store.takes.reduce((sum, { unused }) => sum + unused, 0)).toBe(0);
    expect(store.takes.length).toBeLessThanOrEqual(2);
  });
});

describe("promise 7: a permit that is started after its token has ended", () => {
  test("counts at its start, and the next token pays for it", async () => {
    const { service, clock, store, layer } = one({ burst: 1 });
    await layer.warm();
    const permit = service.tryReady("a")!;
    await clock.advance(500);
    void permit.call("a");
    await clock.advance(0);
    expect(store.takes.at(-1)).toMatchObject({ debt: 1, count: 0 });
    // The bucket was full again by then: the late start has emptied it.
    const next = watch(service.call("b"));
    await clock.advanceAsync(99);
    expect(layer.waiting).toBe(1);
    await clock.advanceAsync(1);
    expect(layer.waiting).toBe(0);
    void next;
  });
});

test("promise 7: a token ages in stock, so a permit may have been reserved a moment before", async () => {
  const { service, clock, store, layer } = one({ hold: 100 });
  await layer.warm(2);
  await clock.advance(90);
  const permits = [service.tryReady("a")!, service.tryReady("b")!];
  void permits[0]!.call("a");
  await clock.advance(20);
  void permits[1]!.call("b");
  await clock.advance(0);
  expect(store.takes.map(({ debt }) => debt)).toEqual([0, 1]);
});

describe("promise 17: who does nothing", () => {
  test("has no timer armed, and sends at most one question after its last call", async () => {
    const { service, clock, store, handle } = one({ limit: 1_000, hold: 100 });
    for (let call = 0; call < 40; call++) {
      void service.call("a").catch(ignore);
      await clock.advanceAsync(2);
    }
    const before = store.takes.length;
    expect(handle.calls).toBe(40);
    await clock.advanceAsync(60_000);
    expect(store.takes.length - before).toBeLessThanOrEqual(1);
    expect(clock.pending).toBe(0);
  });

  test("a member whose every call comes alone asks once for each", async () => {
    const { service, clock, store } = one({ limit: 100 });
    for (let call = 0; call < 5; call++) {
      void service.call("a").catch(ignore);
      await clock.advanceAsync(5_000);
    }
    expect(store.takes.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  });
});

test("limits of different keys are different limits, and those of one key one", async () => {
  const clock = new VirtualClock();
  const store = memoryStore({ clock });
  const [a, alike, b] = ["a", "a", "b"].map((key) => sharedRateLimit({ store, key, limit: 1, interval: 1_000, clock }));
  for (const layer of [a!, alike!, b!]) await layer.warm();
  expect([a!.available, alike!.available, b!.available]).toEqual([1, 0, 1]);
  expect(alike!.members).toBe(2);
});

import { seed, watch } from "@sluice/test-kit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SlotFleet } from "../helper/slot-fleet.ts";

const ignore = (): void => {};

describe("promise 8: while all members are heard of", () => {
  test("no more than max are held over all of them, reservations included, whatever is offered", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          max: fc.integer({ min: 0, max: 12 }),
          linger: fc.constantFrom(0, 20, 100),
          trips: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }),
          load: fc.array(
            fc.record({
              at: fc.integer({ min: 0, max: 900 }),
              calls: fc.integer({ min: 1, max: 15 }),
              work: fc.integer({ min: 1, max: 120 }),
              how: fc.constantFrom("call", "abort", "hold", "try"),
            }),
            { minLength: 1, maxLength: 30 },
          ),
        }),
        async ({ max, linger, trips, load }) => {
          const fleet = new SlotFleet({ max, linger, ttl: 400 }, trips);
          const began = fleet.clock.now();
          for (let passed = 0; passed < 1_200; passed++) {
            for (const { at, calls, work, how } of load) {
              if (began + at !== fleet.clock.now()) continue;
              const { service } = fleet.members[at % fleet.members.length]!;
              for (let call = 0; call < calls; call++) {
                const controller = new AbortController();
                const { signal } = controller;
                if (how === "try") service.tryReady(work)?.call(work).catch(ignore);
                else if (how === "hold") {
                  const permit = service.tryReady(work);
                  fleet.clock.setTimeout(() => permit?.release(), work);
                } else service.call(work, { signal }).catch(ignore);
                if (how === "abort") fleet.clock.setTimeout(() => controller.abort(), call);
              }
            }
            await fleet.run(1);
          }
          expect(fleet.most).toBeLessThanOrEqual(max);
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  test("all slots are in use where more is wanted, over slow links too", async () => {
    const fleet = new SlotFleet({ max: 20 }, [0, 10, 10, 2]);
    await fleet.run(500, [20, 20, 20, 20]);
    const before = fleet.members.map(({ ended }) => ended);
    await fleet.run(2_000, [20, 20, 20, 20]);
    const ended = fleet.members.map((member, nth) => member.ended - before[nth]!);
    const busy = (ended.reduce((a, b) => a + b) * 10) / (20 * 2_000);
    expect(busy).toBeGreaterThanOrEqual(0.95);
    expect(fleet.most).toBe(20);
  });
});

test("promise 8 holds while the store fails in any way, where members refuse then and their calls are short", async () => {
  const behaviours = ["answers", "hangs", "loses", "rejects", "throws"] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        max: fc.integer({ min: 1, max: 9 }),
        linger: fc.constantFrom(0, 30, 200),
        trips: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }),
        faults: fc.array(
          fc.record({
            at: fc.integer({ min: 0, max: 1_400 }),
            member: fc.nat(3),
            behaviour: fc.constantFrom(...behaviours),
            slow: fc.constantFrom(0, 3, 40, 90),
          }),
          { minLength: 1, maxLength: 14 },
        ),
      }),
      async ({ max, linger, trips, faults }) => {
        // A call that outlives its lease may run beside others: no store can prevent that.
        const fleet = new SlotFleet({ max, linger, ttl: 300 }, trips);
        const began = fleet.clock.now();
        for (let passed = 0; passed < 1_600; passed++) {
          for (const { at, member, behaviour, slow } of faults) {
            if (began + at !== fleet.clock.now()) continue;
            const { store } = fleet.members[member % fleet.members.length]!;
            store.behaviour = behaviour;
            store.there = slow;
          }
          await fleet.run(
            1,
            fleet.members.map((_, nth) => 1 + nth * 3),
            7,
          );
        }
        const lost = fleet.members.reduce((sum, { layer }) => sum + layer.lost, 0);
        expect(fleet.most).toBeLessThanOrEqual(max + lost);
      },
    ),
    { seed, numRuns: 60 },
  );
});

describe("promise 9: the fair level", () => {
  test("is had within `refresh` and the time that running calls take, by one who comes late", async () => {
    const fleet = new SlotFleet({ max: 20, refresh: 100 }, [1, 1]);
    await fleet.run(300, [40, 0], 30);
    expect(fleet.members[0]!.layer.share).toBe(20);
    await fleet.run(150, [40, 40], 30);
    expect(fleet.members.map(({ layer }) => layer.share)).toEqual([10, 10]);
    expect(fleet.most).toBe(20);
  });

  test("what others do not want, a member may have too", async () => {
    const fleet = new SlotFleet({ max: 20 }, [0, 0, 0, 0]);
    await fleet.run(1_000, [2, 2, 20, 20]);
    const shares = fleet.members.map(({ layer }) => layer.share);
    expect(shares.slice(0, 2)).toEqual([2, 2]);
    expect(shares.slice(2).every((share) => share >= 7 && share <= 9)).toBe(true);
    await fleet.run(500, [0, 0, 20, 0]);
    expect(fleet.members[2]!.layer.share).toBe(20);
  });

  test("with fewer slots than members, each has its turn", async () => {
    const fleet = new SlotFleet({ max: 3 }, [0, 0, 1, 1]);
    await fleet.run(3_000, [5, 5, 5, 5]);
    const ended = fleet.members.map((member) => member.ended);
    const sum = ended.reduce((a, b) => a + b);
    const jain = sum ** 2 / (ended.length * ended.reduce((a, b) => a + b ** 2, 0));
    expect(jain).toBeGreaterThanOrEqual(0.9);
    // Of 900 that fit in. The rest of the time slots are on their way.
    expect(sum).toBeGreaterThan(500);
    expect(fleet.most).toBe(3);
  });
});

describe("promise 10: the slots of a member that is gone", () => {
  test("are others' between two thirds of ttl, and ttl and `refresh`, after it was heard of last", async () => {
    const fleet = new SlotFleet({ max: 8, ttl: 900, refresh: 100 }, [0, 0]);
    const [gone, other] = fleet.members;
    await fleet.run(200, [8, 0], 10_000);
    expect(gone!.layer.active).toBe(8);
    // As if killed: nothing of it arrives any more.
    const heard = fleet.clock.now();
    gone!.store.behaviour = "hangs";
    await fleet.run(1, [0, 8]);
    let free = 0;
    while (free === 0 && fleet.clock.now() < heard + 3_000) {
      await fleet.run(1, [0, 8]);
      if (other!.layer.active > 0) free = fleet.clock.now() - heard;
    }
    expect(free).toBeGreaterThanOrEqual(600);
    expect(free).toBeLessThanOrEqual(1_001);
    expect(gone!.layer.lost).toBe(8);
  });
});

describe("promise 17: who does nothing", () => {
  test("has given its slots back after `linger`, with one question, and has no timer armed", async () => {
    const fleet = new SlotFleet({ max: 8, linger: 100 }, [0]);
    const [{ layer, service, store }] = fleet.members as [(typeof fleet.members)[0]];
    await fleet.run(50, [4]);
    await fleet.run(11);
    expect(layer.active).toBe(0);
    const asked = store.shares.length;
    expect(fleet.clock.pending - fleet.clock.unreferenced).toBe(0);
    expect(layer.share).toBe(4);
    service.tryReady(1)!.release();
    await fleet.run(120);
    expect(store.shares.length - asked).toBe(1);
    expect(store.shares.at(-1)).toMatchObject({ keep: 0, want: 0 });
    expect([layer.share, fleet.clock.pending]).toEqual([0, 0]);
    await fleet.run(2_000);
    expect(store.shares.length - asked).toBe(1);
  });

  test("what runs for long keeps its lease, and no timer that would keep the process alive", async () => {
    const fleet = new SlotFleet({ max: 2, ttl: 300 }, [0, 0]);
    const [one, other] = fleet.members;
    void one!.service.call(5_000);
    await fleet.run(10);
    // The work's own timer.
    expect(fleet.clock.pending - fleet.clock.unreferenced).toBe(1);
    await fleet.run(2_000);
    await other!.layer.warm(2);
    expect([one!.layer.share, other!.layer.available, one!.layer.lost]).toEqual([1, 1, 0]);
  });
});

test("a first call waits for one round trip, and callers of one turn ask together", async () => {
  const fleet = new SlotFleet({ max: 8 }, [5]);
  const [{ layer, service, store }] = fleet.members as [(typeof fleet.members)[0]];
  expect(service.tryReady(1)).toBeUndefined();
  for (let call = 0; call < 6; call++) void service.call(100);
  await fleet.run(9);
  expect(layer.active).toBe(0);
  await fleet.run(2);
  expect(layer.active).toBe(6);
  expect(store.shares.map(({ want }) => want)[0]).toBe(6);
});

test("one who gives up in line leaves no wish behind", async () => {
  const fleet = new SlotFleet({ max: 1 }, [0, 0]);
  const [one, other] = fleet.members;
  void one!.service.call(300);
  await fleet.run(1);
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = watch(other!.service.call(1, { signal: controller.signal }));
  await fleet.run(10);
  controller.abort(reason);
  await fleet.run(1);
  expect(waiting()).toEqual(["broken", reason]);
  expect(other!.layer.waiting).toBe(0);
  const asked = other!.store.shares.length;
  await fleet.run(1_000);
  expect(other!.store.shares.length - asked).toBeLessThanOrEqual(1);
  expect(fleet.clock.pending).toBe(0);
});

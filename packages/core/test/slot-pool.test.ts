import { array, assert, nat, property } from "fast-check";
import { collectGarbage } from "@sluice/test-kit";
import { describe, expect, test, vi } from "vitest";
import { type Slot, SlotPool } from "../src/gate/slot.ts";

const pool = (freed = (_used: boolean): void => {}): SlotPool => new SlotPool("work", freed);

/** As a call that was not made does. */
const leave = (slot: Slot): void => slot.state.free(slot, false);

test("no slot is held at first", () => {
  const slots = pool();
  expect(slots.size).toBe(0);
  expect(slots.longest(10)).toBe(0);
});

test("it knows how many are held, and for how long the longest, as a list of them does", () => {
  assert(
    property(array(nat({ max: 20 })), (steps) => {
      const slots = pool();
      /** In the order in which they were taken. */
      const held: Slot[] = [];
      for (const [now, step] of steps.entries()) {
        const [leaver] = step % 2 === 0 ? [] : held.splice(step % Math.max(held.length, 1), 1);
        if (leaver === undefined) held.push(slots.take(now));
        else leave(leaver);
        expect(new Set(held).size).toBe(held.length);
        expect(slots.size).toBe(held.length);
        expect(slots.longest(now)).toBe(now - (held[0]?.since ?? now));
      }
    }),
  );
});

test("a slot that was left is the next to be taken, for another stay", () => {
  const slots = pool();
  slots.take(0);
  const slot = slots.take(1);
  const { stay } = slot;
  leave(slot);
  expect(slots.take(2)).toBe(slot);
  expect(slot.stay).not.toBe(stay);
  expect(slot.since).toBe(2);
});

test("whoever keeps the pool is told of each slot that is free again, and whether a call had it", () => {
  const freed = vi.fn<(used: boolean) => void>();
  const slots = pool(freed);
  slots.take(0).state.free(slots.take(0), true);
  expect(freed.mock.calls).toEqual([[true]]);
  expect(slots.size).toBe(1);
});

describe("holders from before the time was asked for", () => {
  test("count from then on", () => {
    const slots = pool();
    slots.take(Number.NaN);
    slots.date(100);
    slots.take(110);
    expect(slots.longest(150)).toBe(50);
  });

  test("do not count once they have left", () => {
    const slots = pool();
    const early = slots.take(Number.NaN);
    slots.date(100);
    slots.take(110);
    leave(early);
    expect(slots.longest(150)).toBe(40);
  });
});

test("in a rush, those who stay keep their time when others leave", () => {
  const slots = pool();
  const held = Array.from({ length: 5_000 }, (_, now) => slots.take(now));
  for (const leavers of [held.slice(1, 1_000), held.slice(1_000, 3_900), held.slice(3_900)]) {
    leavers.forEach(leave);
    expect(slots.longest(5_000)).toBe(5_000);
  }
  expect(slots.size).toBe(1);
});

test("after a rush it takes no more memory than before", () => {
  const heap = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const slots = pool();
  const before = heap();
  let held = Array.from({ length: 100_000 }, () => slots.take(0));
  held.forEach(leave);
  held = [];
  // As many slots are 40 MB.
  expect(heap() - before).toBeLessThan(1_000_000);
  expect(slots.size).toBe(0);
});

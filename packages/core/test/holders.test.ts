import { array, assert, nat, property } from "fast-check";
import { collectGarbage } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { Holders } from "../src/kit/holders.ts";

test("nobody has held anything for any time at first", () => {
  const holders = new Holders();
  expect(holders.size).toBe(0);
  expect(holders.longest(10)).toBe(0);
});

test("it knows how many there are and who came first, as a list of them does", () => {
  assert(
    property(array(nat({ max: 20 })), (steps) => {
      const holders = new Holders();
      /** In the order in which they came. */
      const list: { readonly place: number; readonly since: number }[] = [];
      for (const [now, step] of steps.entries()) {
        const [leaver] = step % 2 === 0 ? [] : list.splice(step % Math.max(list.length, 1), 1);
        if (leaver === undefined) list.push({ place: holders.enter(now), since: now });
        else holders.leave(leaver.place);
        expect(new Set(list.map(({ place }) => place)).size).toBe(list.length);
        expect(holders.size).toBe(list.length);
        expect(holders.longest(now)).toBe(now - (list[0]?.since ?? now));
      }
    }),
  );
});

test("gives a place that was left to the next who comes", () => {
  const holders = new Holders();
  holders.enter(0);
  const left = holders.enter(1);
  holders.leave(left);
  expect(holders.enter(2)).toBe(left);
});

test("in a rush, those who stay keep their time when others leave", () => {
  const holders = new Holders();
  const places = Array.from({ length: 5_000 }, (_, now) => holders.enter(now));
  for (const leavers of [places.slice(1, 1_000), places.slice(1_000, 3_900), places.slice(3_900)]) {
    for (const place of leavers) holders.leave(place);
    expect(holders.longest(5_000)).toBe(5_000);
  }
  expect(holders.size).toBe(1);
});

test("after a rush it takes no more memory than before", () => {
  const heap = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const holders = new Holders();
  const before = heap();
  for (let place = 0; place < 500_000; place++) holders.enter(0);
  for (let place = 0; place < 500_000; place++) holders.leave(place);
  // Half a million times are 4 MB, and as many places to give are 2 or 4.
  expect(heap() - before).toBeLessThan(1_000_000);
  expect(holders.size).toBe(0);
});

test("after a rush it begins anew, with all places to give", () => {
  const holders = new Holders();
  for (let round = 0; round < 2; round++) {
    const places = Array.from({ length: 5_000 }, (_, now) => holders.enter(now));
    expect(new Set(places).size).toBe(5_000);
    expect(holders.longest(5_000)).toBe(5_000);
    for (const place of places) holders.leave(place);
    expect(holders.size).toBe(0);
    expect(holders.longest(5_000)).toBe(0);
  }
  expect(holders.enter(7)).toBe(0);
});

import { type AnyLayer, gate, Semaphore } from "@sluice/core";
import type { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { priorityLine, type PriorityLineOptions } from "../src/index.ts";
import { type Ask, overload } from "./helper/overload.ts";

/** Ten slots, and a line of three levels; without options first come, first served. */
function slots(options?: Partial<PriorityLineOptions<Ask>>): (clock: VirtualClock) => AnyLayer {
  return (clock) => {
    const line = options && priorityLine<Ask>({ priority: ({ level }) => level, levels: 3, clock, ...options });
    return gate(new Semaphore(10, { clock, line }), { name: "slots" });
  };
}

/*
 * 1,000 calls a second are possible, and answers are of use for 100 ms. Controlled delay (Nichols and Jacobson 2012; Maurer 2015): under
 * overload goodput stays at capacity. With priorities: what is lost is the least important.
 */
describe("a service that can do 1,000 a second", () => {
  test.each([1_500, 3_000])(
    "first come, first served: of %i a second hardly any is answered in time",
    async (offered) => {
      const { inTime, goodput } = await overload(offered, slots());
      expect(Math.max(...inTime)).toBeLessThan(5);
      expect(goodput).toBeLessThan(100);
    },
  );

  test("priority alone, at 1,500: all of the important ones, and the capacity that is left is spent on late answers", async () => {
    const { inTime, goodput } = await overload(1_500, slots({}));
    expect(Math.min(inTime[0]!, inTime[1]!)).toBeGreaterThan(99);
    expect(inTime[2]).toBeLessThan(5);
    expect(goodput).toBeGreaterThan(700);
    expect(goodput).toBeLessThan(850);
  });

  test("priority and codel, at 1,500: the same, and all of the capacity is of use", async () => {
    const { inTime, goodput } = await overload(1_500, slots({ codel: true }));
    expect(inTime[0]).toBeGreaterThan(99);
    expect(inTime[1]).toBeGreaterThan(95);
    // 1,000 less 750 of 750.
    expect(inTime[2]).toBeGreaterThan(28);
    expect(goodput).toBeGreaterThan(980);
  });

  test("priority and codel, at 3,000: still all of the most important", async () => {
    const { inTime, goodput } = await overload(3_000, slots({ codel: true }));
    expect(inTime[0]).toBeGreaterThan(97);
    // 1,000 less 300, and less the share of those behind, of 1,200.
    expect(inTime[1]).toBeGreaterThan(45);
    expect(inTime[2]).toBeLessThan(10);
    expect(goodput).toBeGreaterThan(980);
  });

  test("codel without priorities keeps goodput at capacity, and loses of each level the same", async () => {
    const { inTime, goodput } = await overload(3_000, slots({ codel: true, levels: 1 }));
    expect(goodput).toBeGreaterThan(980);
    for (const each of inTime) expect(Math.abs(each - 33)).toBeLessThan(5);
  });

  test("the newest first, while there is overload: goodput stays near capacity without any refusal", async () => {
    const { inTime, goodput } = await overload(3_000, slots({ order: "adaptive-lifo" }));
    expect(inTime[0]).toBeGreaterThan(97);
    expect(goodput).toBeGreaterThan(850);
  });
});

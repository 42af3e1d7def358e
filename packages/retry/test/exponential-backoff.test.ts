import { randomFrom } from "@sluice/test-kit";
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { type Backoff, exponentialBackoff, type Jitter } from "../src/index.ts";

const jitters = ["full", "equal", "decorrelated", "none"] as const satisfies readonly Jitter[];

/** The delays of `count` retries in a row. */
function delays(backoff: Backoff<number>, count: number): number[] {
  const all: number[] = [];
  let state: number | undefined;
  for (let retry = 0; retry < count; retry++) {
    const step = backoff.next(state);
    all.push(step.delay);
    ({ state } = step);
  }
  return all;
}

/** How many of `values` fall into each tenth of the span from `from` to `to`. */
function tenths(values: readonly number[], from: number, to: number): number[] {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const value of values) counts[Math.min(Math.floor(((value - from) / (to - from)) * 10), 9)]!++;
  return counts;
}

describe("a backoff without jitter", () => {
  test("grows by the factor up to the cap", () => {
    const backoff = exponentialBackoff({ base: 100, max: 1_000, jitter: "none" });
    expect(delays(backoff, 6)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(delays(exponentialBackoff({ base: 10, max: 100, factor: 3, jitter: "none" }), 4)).toEqual([10, 30, 90, 100]);
    expect(delays(exponentialBackoff({ base: 10, max: 100, factor: 1, jitter: "none" }), 3)).toEqual([10, 10, 10]);
  });
});

describe("each jitter by its formula", () => {
  const half = (): number => 0.5;

  test("full: random(0, ceiling)", () => {
    const backoff = exponentialBackoff({ base: 100, max: 300, jitter: "full", random: half });
    expect(delays(backoff, 4)).toEqual([50, 100, 150, 150]);
  });

  test("full is the default", () => {
    expect(delays(exponentialBackoff({ base: 100, max: 300, random: half }), 4)).toEqual([50, 100, 150, 150]);
  });

  test("equal: half of the ceiling, and random(0, the other half)", () => {
    const backoff = exponentialBackoff({ base: 100, max: 300, jitter: "equal", random: half });
    expect(delays(backoff, 4)).toEqual([75, 150, 225, 225]);
  });

  test("decorrelated: random(base, three times the delay before), capped before it is drawn", () => {
    const backoff = exponentialBackoff({ base: 100, max: 500, jitter: "decorrelated", random: half });
    // (100 + 300) / 2; (100 + 500) / 2, for 3 * 200 is above the cap; and so on.
    expect(delays(backoff, 4)).toEqual([200, 300, 300, 300]);
  });

  test("decorrelated with a factor of one's own", () => {
    const backoff = exponentialBackoff({ base: 100, max: 5_000, factor: 5, jitter: "decorrelated", random: half });
    expect(delays(backoff, 2)).toEqual([300, 800]);
  });
});

describe("at the cap (p-retry, cockatiel and tower have little or no spread there)", () => {
  const count = 20_000;
  const fair = count / 10;

  test.each([
    ["full", 0],
    ["equal", 500],
    ["decorrelated", 100],
  ] as const)("%s delays stay evenly spread from %d to the cap", (jitter, least) => {
    const backoff = exponentialBackoff({ base: 100, max: 1_000, jitter, random: randomFrom(7) });
    const capped = Array.from({ length: count }, () => backoff.next(1_000).delay);
    expect(Math.min(...capped)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...capped)).toBeLessThanOrEqual(1_000);
    // A binomial count of mean 2,000 has a standard deviation of 42.
    for (const inTenth of tenths(capped, least, 1_000)) expect(Math.abs(inTenth - fair)).toBeLessThan(170);
    expect(new Set(capped).size).toBeGreaterThan(count * 0.99);
  });

  test("the first delays are spread as well", () => {
    for (const [jitter, from, to] of [
      ["full", 0, 100],
      ["equal", 50, 100],
      ["decorrelated", 100, 300],
    ] as const) {
      const backoff = exponentialBackoff({ base: 100, max: 1_000, jitter, random: randomFrom(11) });
      const first = Array.from({ length: count }, () => backoff.next().delay);
      for (const inTenth of tenths(first, from, to)) expect(Math.abs(inTenth - fair)).toBeLessThan(170);
    }
  });

  test("many requests with decorrelated delays do not meet there", () => {
    const backoff = exponentialBackoff({ base: 100, max: 1_000, jitter: "decorrelated", random: randomFrom(3) });
    const tenth = Array.from({ length: 2_000 }, () => delays(backoff, 10)[9]!);
    expect(tenth.filter((delay) => delay > 990).length).toBeLessThan(2_000 * 0.05);
  });
});

describe("whatever the options", () => {
  test("no delay is above the cap or below 0, after thousands of retries too (tower: backoff_base, backoff_jitter)", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...jitters),
        fc.integer({ min: 0, max: 1_000 }),
        fc.integer({ min: 0, max: 2 ** 31 - 1_001 }),
        fc.constantFrom(1, 1.5, 2, 10, 1e300),
        fc.integer(),
        (jitter, base, above, factor, seed) => {
          const max = base + above;
          const backoff = exponentialBackoff({ base, max, factor, jitter, random: randomFrom(seed) });
          const all = delays(backoff, 3_000);
          expect(all.every((delay) => delay >= 0 && delay <= max)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("it is a value: the same state gives the same, in any order and for many requests at once", () => {
    const backoff = exponentialBackoff({ base: 100, max: 1_000, jitter: "none" });
    const { state } = backoff.next();
    expect(backoff.next(state)).toEqual(backoff.next(state));
    expect(backoff.next().delay).toBe(100);
  });

  test("Math.random is the default, also where a test runner or a seed replaces it later", () => {
    const backoff = exponentialBackoff({ base: 100, max: 1_000 });
    expect(new Set(Array.from({ length: 100 }, () => backoff.next().delay)).size).toBeGreaterThan(50);
    const random = vi.spyOn(Math, "random").mockReturnValue(0.25);
    try {
      expect(backoff.next().delay).toBe(25);
    } finally {
      random.mockRestore();
    }
    expect(new Set(Array.from({ length: 100 }, () => backoff.next().delay)).size).toBeGreaterThan(50);
  });
});

describe("promise 14: bad options are refused at once", () => {
  const good = { base: 100, max: 1_000 };
  test.each<[string, unknown, ErrorConstructor, string]>([
    ["options", undefined, TypeError, "base must be"],
    ["options", 100, TypeError, "options must be an object; received 100"],
    ["base", { max: 10 }, TypeError, "received undefined"],
    ["base", { ...good, base: -1 }, RangeError, "received -1"],
    ["base", { ...good, base: Number.NaN }, RangeError, "received NaN"],
    ["base", { ...good, base: "1" }, TypeError, 'received "1"'],
    ["max", { base: 10 }, TypeError, "max must be"],
    [
      "max",
      { base: 100, max: 99 },
      RangeError,
      "max must be a number of 100 or more and at most 2147483647; received 99",
    ],
    ["max", { base: 100, max: 2 ** 31 }, RangeError, "received 2147483648"],
    ["max", { base: 100, max: Number.POSITIVE_INFINITY }, RangeError, "received Infinity"],
    ["factor", { ...good, factor: 0.5 }, RangeError, "factor must be a number of 1 or more; received 0.5"],
    ["factor", { ...good, factor: Number.POSITIVE_INFINITY }, RangeError, "received Infinity"],
    ["jitter", { ...good, jitter: "some" }, RangeError, 'jitter must be one of "full"'],
    ["jitter", { ...good, jitter: 0.5 }, TypeError, "received 0.5"],
    ["random", { ...good, random: 4 }, TypeError, "random must be a function; received 4"],
  ])("%s: %o", (_option, options, kind, message) => {
    const make = (): unknown => exponentialBackoff(options as typeof good);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
    expect(make).toThrow(/^exponentialBackoff: /);
  });
});

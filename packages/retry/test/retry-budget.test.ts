import type { Clock } from "@sluice/core";
import { collectGarbage } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RetryBudget, retryBudget, type RetryBudgetOptions } from "../src/index.ts";

interface Setup {
  readonly clock: VirtualClock;
  readonly budget: RetryBudget;
}

function setUp(options: Omit<RetryBudgetOptions, "clock">): Setup {
  const clock = new VirtualClock();
  return { clock, budget: retryBudget({ ...options, clock }) };
}

function deposits(budget: RetryBudget, count: number): void {
  for (let index = 0; index < count; index++) budget.deposit();
}

/** How many retries it gives until it refuses. */
function drain(budget: RetryBudget): number {
  let count = 0;
  while (budget.withdraw()) count++;
  return count;
}

describe("tower's guarantees", () => {
  test("tps_empty: without deposits and without a reserve there is no retry", () => {
    const { budget } = setUp({ ttl: 1_000, minPerSecond: 0, ratio: 1 });
    expect(budget.withdraw()).toBe(false);
  });

  test("tps_leaky: deposits expire", async () => {
    const { clock, budget } = setUp({ ttl: 1_000, minPerSecond: 0, ratio: 1 });
    budget.deposit();
    await clock.advance(3_000);
    expect(budget.withdraw()).toBe(false);
  });

  test("tps_slots: they expire one after the other", async () => {
    const { clock, budget } = setUp({ ttl: 1_000, minPerSecond: 0, ratio: 0.5 });
    deposits(budget, 2);
    await clock.advance(901);
    expect(budget.withdraw()).toBe(true);

    await clock.advance(2_001);
    budget.deposit();
    await clock.advance(301);
    budget.deposit();
    await clock.advance(801);
    budget.deposit();
    // The first has expired; the second and the third make one retry.
    expect(budget.withdraw()).toBe(true);
    expect(budget.withdraw()).toBe(false);
  });

  test("tps_reserve: what is reserved needs no deposits", () => {
    const { budget } = setUp({ ttl: 1_000, minPerSecond: 5, ratio: 1 });
    expect(drain(budget)).toBe(5);
  });

  test("its defaults: 10 s, 10 a second, 20 %", () => {
    const { budget } = setUp({});
    expect(budget.balance).toBe(100);
    deposits(budget, 10);
    expect(drain(budget)).toBe(102);
  });
});

describe("exact for every ratio (tower truncates 1/percent, and 0.7 allows 100 % retries)", () => {
  test.each([
    [0.7, 10, 7],
    [0.7, 1_000, 700],
    [1 / 3, 9_999, 3_333],
    [2 / 3, 3_000, 2_000],
    [0.29, 100, 29],
    [0.1, 10, 1],
    [0.1, 9, 0],
    [0.000_1, 9_999, 0],
    [0.000_1, 10_000, 1],
    [1.1, 10, 11],
    [2.5, 4, 10],
    [1_000, 3, 3_000],
    [0, 1_000, 0],
  ])("%d: %d requests make %d retries", (ratio, requests, retries) => {
    const { budget } = setUp({ ttl: 1_000, minPerSecond: 0, ratio });
    deposits(budget, requests);
    expect(drain(budget)).toBe(retries);
  });

  test("not one too many or too few over many deposits, each drawn on at once", () => {
    const { budget } = setUp({ ttl: 1_000, minPerSecond: 0, ratio: 0.7 });
    let retries = 0;
    for (let requests = 1; requests <= 100_000; requests++) {
      budget.deposit();
      if (budget.withdraw()) retries++;
      if (retries !== Math.floor((requests * 7) / 10)) throw new Error(`${retries} retries for ${requests} requests`);
    }
    expect(retries).toBe(70_000);
  });

  test("nothing drifts over a long time, with a reserve that is no whole number", async () => {
    const { clock, budget } = setUp({ ttl: 1_000, minPerSecond: 1 / 3, ratio: 0.1 });
    const { balance } = budget;
    for (let second = 0; second < 1_000; second++) {
      deposits(budget, 7);
      await clock.advance(500);
    }
    await clock.advance(1_000);
    expect(budget.balance).toBe(balance);
    expect(balance).toBeCloseTo(1 / 3, 15);
  });

  test("the reserve is exact as well", () => {
    expect(drain(setUp({ ttl: 2 ** 20, minPerSecond: 1_000 / 2 ** 20, ratio: 0 }).budget)).toBe(1);
    expect(drain(setUp({ ttl: 100_000, minPerSecond: 0.29, ratio: 0.7 }).budget)).toBe(29);
    expect(drain(setUp({ ttl: 100, minPerSecond: 9, ratio: 0.7 }).budget)).toBe(0);
  });
});

describe("over time", () => {
  test("a deposit counts for ttl and not a moment longer", async () => {
    const { clock, budget } = setUp({ ttl: 1_000, minPerSecond: 0, ratio: 1 });
    budget.deposit();
    await clock.advance(999.5);
    expect(budget.balance).toBe(1);
    await clock.advance(0.5);
    expect(budget.balance).toBe(0);
  });

  test("a retry counts for as long, so what is reserved comes back", async () => {
    const { clock, budget } = setUp({ ttl: 1_000, minPerSecond: 2, ratio: 0 });
    expect(budget.withdraw()).toBe(true);
    await clock.advance(600);
    expect(budget.withdraw()).toBe(true);
    expect(budget.withdraw()).toBe(false);
    await clock.advance(400);
    expect(budget.balance).toBe(1);
  });

  test("a retry that outlives the request that paid for it is owed", async () => {
    const { clock, budget } = setUp({ ttl: 1_000, minPerSecond: 0, ratio: 1 });
    budget.deposit();
    await clock.advance(600);
    budget.withdraw();
    await clock.advance(400);
    expect(budget.balance).toBe(-1);
    budget.deposit();
    expect(budget.withdraw()).toBe(false);
    await clock.advance(600);
    expect(budget.balance).toBe(1);
  });

  test("it holds no timer", () => {
    const { clock, budget } = setUp({});
    budget.deposit();
    budget.withdraw();
    expect(clock.pending).toBe(0);
  });

  test("the system's clock is the default", () => {
    const budget = retryBudget({ ttl: 2 ** 31 - 1, minPerSecond: 0, ratio: 0.5 });
    budget.deposit();
    expect(budget.balance).toBe(0.5);
  });

  test("it is what a plain model says: retries of the last ttl within the reserve and the ratio of its requests", async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant("deposit" as const) },
      { weight: 3, arbitrary: fc.constant("withdraw" as const) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 400 }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 4 }),
        fc.array(step, { maxLength: 300, size: "max" }),
        async (p, q, minPerSecond, schedule) => {
          const { clock, budget } = setUp({ ttl: 1_000, minPerSecond, ratio: p / q });
          let requests: number[] = [];
          let retries: number[] = [];
          const seen: boolean[] = [];
          const wanted: boolean[] = [];
          for (const move of schedule) {
            const now = clock.now();
            const counts = (at: number): boolean => now - at < 1_000;
            requests = requests.filter(counts);
            retries = retries.filter(counts);
            if (move === "deposit") {
              budget.deposit();
              requests.push(now);
            } else if (move === "withdraw") {
              // In whole numbers: q * (retries + 1) <= q * reserve + p * requests.
              const may = q * (retries.length + 1) <= q * minPerSecond + p * requests.length;
              seen.push(budget.withdraw());
              wanted.push(may);
              if (may) retries.push(now);
            } else void clock.advance(move);
          }
          expect(seen).toEqual(wanted);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("requests of which none is retried are forgotten as well", () => {
    let time = 0;
    const clock: Clock = { now: () => time, setTimeout: () => undefined, clearTimeout: () => {} };
    const budget = retryBudget({ ttl: 100, minPerSecond: 0, ratio: 1, clock });
    const heap = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    for (; time < 200_000; time++) budget.deposit();
    // That many requests, each in a millisecond of its own, are more than 10 MB.
    expect(heap() - before).toBeLessThan(1_000_000);
    expect(budget.balance).toBe(99);
  });

  test("requests in quick succession do not pile up", async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ttl: 1_000, minPerSecond: 0, ratio: 1, clock });
    for (let index = 0; index < 5_000; index++) {
      budget.deposit();
      void clock.advance(0.125);
    }
    void clock.advance(375);
    // Eight to a thousandth of the ttl, which expire together.
    expect(budget.balance).toBe(5_000 - 8);
    void clock.advance(250);
    expect(budget.balance).toBe(5_000 - 8 - 2_000);
  });
});

describe("promise 14: bad options are refused at once", () => {
  test.each<[string, unknown, ErrorConstructor, string]>([
    ["options", null, TypeError, "options must be an object; received null"],
    ["ttl", { ttl: 0 }, RangeError, "ttl must be a number above 0 and at most 2147483647; received 0"],
    ["ttl", { ttl: 2 ** 31 }, RangeError, "received 2147483648"],
    ["ttl", { ttl: "10s" }, TypeError, 'received "10s"'],
    ["minPerSecond", { minPerSecond: -1 }, RangeError, "minPerSecond must be a number of 0 or more; received -1"],
    ["minPerSecond", { minPerSecond: Number.POSITIVE_INFINITY }, RangeError, "received Infinity"],
    ["minPerSecond", { minPerSecond: [] }, TypeError, "received an array"],
    ["ratio", { ratio: -0.1 }, RangeError, "ratio must be a number of 0 or more and at most 1000; received -0.1"],
    ["ratio", { ratio: 1_001 }, RangeError, "received 1001"],
    ["ratio", { ratio: Number.NaN }, RangeError, "received NaN"],
    ["ratio", { ratio: true }, TypeError, "received true"],
    ["clock", { clock: Date }, TypeError, "clock must be a clock"],
  ])("%s: %o", (_option, options, kind, message) => {
    const make = (): unknown => retryBudget(options as RetryBudgetOptions);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
    expect(make).toThrow(/^retryBudget: /);
  });
});

test("a clock that is set back by an hour does not keep what it counted for an hour", async () => {
  const clock = new VirtualClock(3_600_000);
  const budget = retryBudget({ ttl: 1_000, minPerSecond: 1, ratio: 0, clock });
  expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false]);
  clock.jump(-3_600_000);
  expect(budget.withdraw()).toBe(false);
  await clock.advance(1_000);
  expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false]);
});

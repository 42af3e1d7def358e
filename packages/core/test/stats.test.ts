import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as stats from "../src/stats.ts";
import { CountWindow, Ewma, Latencies, PeakEwma, TimeWindow } from "../src/stats.ts";

/** The same draws on every machine. */
const draws = { seed: 20_261_128, numRuns: 300 };

test("the entry point exports these names and no others", () => {
  expect(Object.keys(stats).sort()).toEqual(["CountWindow", "Ewma", "Latencies", "PeakEwma", "TimeWindow"]);
});

describe("CountWindow", () => {
  test("counts the last outcomes and no others, whatever came before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 100 }),
        (size, outcomes) => {
          const window = new CountWindow(size);
          for (const [index, [failed, slow]] of outcomes.entries()) {
            window.add(failed, slow);
            const last = outcomes.slice(0, index + 1).slice(-size);
            expect([window.calls, window.failures, window.slow]).toEqual([
              last.length,
              last.filter(([fails]) => fails).length,
              last.filter(([, late]) => late).length,
            ]);
          }
        },
      ),
      draws,
    );
  });

  test("forgets all when it is cleared, and counts from there", () => {
    const window = new CountWindow(2);
    window.add(true, true);
    window.add(true, false);
    window.add(false, true);
    window.clear();
    expect([window.calls, window.failures, window.slow]).toEqual([0, 0, 0]);
    window.add(true, false);
    expect([window.calls, window.failures, window.slow]).toEqual([1, 1, 0]);
  });

  test("takes parts of failures, whose sum does not drift", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 200 }), (parts) => {
        const window = new CountWindow(10);
        for (const part of parts) window.add(part, false);
        const last = parts.slice(-10);
        expect(Math.abs(window.failures - last.reduce((sum, part) => sum + part, 0))).toBeLessThanOrEqual(10 / 2_048);
        for (let nth = 0; nth < 10; nth++) window.add(false, false);
        expect(window.failures).toBe(0);
      }),
      draws,
    );
  });

  test("amends an outcome as long as it holds it, and no other", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        (size, before, after) => {
          const window = new CountWindow(size);
          for (let nth = 0; nth < before; nth++) window.add(false, false);
          const mark = window.add(false, true);
          for (let nth = 0; nth < after; nth++) window.add(false, false);
          const holds = after < size;
          expect(window.amend(mark, true)).toBe(holds);
          expect([window.failures, window.slow]).toEqual(holds ? [1, 1] : [0, 0]);
          for (let nth = 0; nth < size; nth++) window.add(false, false);
          expect([window.calls, window.failures, window.slow]).toEqual([size, 0, 0]);
        },
      ),
      draws,
    );
  });

  test("amends nothing of before it was cleared", () => {
    const window = new CountWindow(4);
    const mark = window.add(false, true);
    window.clear();
    window.add(false, false);
    expect(window.amend(mark, 1)).toBe(false);
    expect(window.failures).toBe(0);
  });

  test.each([-0.1, 1.1, Number.NaN])("refuses %s of a failure", (failed) => {
    const window = new CountWindow(4);
    expect(() => window.add(failed, false)).toThrow(RangeError);
    expect(window.calls).toBe(0);
  });

  test.each([0, 1.5, 1_000_001, Number.NaN])("refuses a size of %s", (size) => {
    expect(() => new CountWindow(size)).toThrow(RangeError);
  });
});

describe("TimeWindow", () => {
  test("holds what came within the span, exact to a bucket, in whatever gaps it came", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 3, 10),
        fc.integer({ min: -1000, max: 1000 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 60, noNaN: true }), fc.boolean(), fc.boolean()), { maxLength: 60 }),
        (buckets, start, steps) => {
          const window = new TimeWindow(100, buckets);
          const came: { at: number; failed: boolean; slow: boolean }[] = [];
          let now = start;
          for (const [gap, failed, slow] of steps) {
            now += gap;
            window.add(now, failed, slow);
            came.push({ at: now, failed, slow });
            const { calls, failures, slow: late } = window.at(now);
            // Surely in: what is younger than the span less a bucket. Surely out: what is older than the span.
            const inside = came.filter(({ at }) => now - at < 100 - 100 / buckets);
            const possible = came.filter(({ at }) => now - at < 100);
            expect(calls).toBeGreaterThanOrEqual(inside.length);
            expect(calls).toBeLessThanOrEqual(possible.length);
            expect(failures).toBeGreaterThanOrEqual(inside.filter((each) => each.failed).length);
            expect(failures).toBeLessThanOrEqual(possible.filter((each) => each.failed).length);
            expect(late).toBeGreaterThanOrEqual(inside.filter((each) => each.slow).length);
            expect(late).toBeLessThanOrEqual(possible.filter((each) => each.slow).length);
          }
          expect(window.at(now + 100)).toEqual({ calls: 0, failures: 0, slow: 0 });
        },
      ),
      draws,
    );
  });

  test("takes a clock that is set back for one that stands still", () => {
    const window = new TimeWindow(100);
    window.add(1000, true);
    window.add(500, true);
    expect(window.at(500).failures).toBe(2);
    expect(window.at(1090).failures).toBe(2);
    expect(window.at(1100).failures).toBe(0);
  });

  test("takes parts of failures, whose sum does not drift", () => {
    const window = new TimeWindow(100, 10);
    for (let now = 0; now < 1_000; now += 5) window.add(now, 0.1);
    expect(window.at(995).failures / window.at(995).calls).toBeCloseTo(0.1, 3);
    expect(window.at(1_095)).toEqual({ calls: 0, failures: 0, slow: 0 });
    expect(window.at(1_050).failures).toBe(0);
  });

  test("is empty a span after the last outcome, however many buckets there are: 1,000 ms are no multiple of a thirtieth", () => {
    for (let buckets = 1; buckets <= 100; buckets++) {
      for (const start of [0, 7, 1_000, 123_456]) {
        const window = new TimeWindow(1_000, buckets);
        window.add(start, true);
        expect(window.at(start + 1_000).calls).toBe(0);
      }
    }
  });

  test("moves on where times are so large that its buckets cannot be counted one by one", () => {
    // Milliseconds since 1970, in buckets of 0.1 µs: more of them than 2^53.
    const window = new TimeWindow(0.1, 1_000);
    const start = 1_700_000_000_000;
    window.add(start, true);
    window.add(start + 2 ** -12, true);
    expect(window.at(start + 2 ** -12)).toEqual({ calls: 2, failures: 2, slow: 0 });
    expect(window.at(start + 1)).toEqual({ calls: 0, failures: 0, slow: 0 });
  });

  test("amends an outcome as long as it holds it", () => {
    const window = new TimeWindow(100, 10);
    const mark = window.add(5, false, true);
    expect(window.amend(mark, 50, true)).toBe(true);
    expect(window.at(99)).toEqual({ calls: 1, failures: 1, slow: 1 });
    expect(window.amend(mark, 100, true)).toBe(false);
    expect(window.at(100)).toEqual({ calls: 0, failures: 0, slow: 0 });
  });

  test.each([-0.1, 1.1, Number.NaN])("refuses %s of a failure", (failed) => {
    const window = new TimeWindow(100);
    expect(() => window.add(0, failed)).toThrow(RangeError);
    expect(() => window.amend(0, 0, failed)).toThrow(RangeError);
    expect(window.at(0).calls).toBe(0);
  });

  test("forgets all when it is cleared", () => {
    const window = new TimeWindow(100);
    window.add(5, true, true);
    window.clear();
    expect(window.at(5)).toEqual({ calls: 0, failures: 0, slow: 0 });
    // Also when its bucket goes.
    expect(window.at(50)).toEqual({ calls: 0, failures: 0, slow: 0 });
    expect(window.at(105)).toEqual({ calls: 0, failures: 0, slow: 0 });
  });

  test("counts an outcome of which nothing is said as neither failed nor slow", () => {
    const window = new TimeWindow(100);
    window.add(5);
    expect(window.at(5)).toEqual({ calls: 1, failures: 0, slow: 0 });
  });

  test.each([
    [0, 10],
    [100, 0],
    [100, 1.5],
    [2 ** 31, 10],
  ])("refuses a span of %s in %s buckets", (span, buckets) => {
    expect(() => new TimeWindow(span, buckets)).toThrow(RangeError);
  });
});

describe("Ewma", () => {
  test("is the mean of the first samples, and then gives a new one the weight 2 / (samples + 1)", () => {
    const ewma = new Ewma(9, 3);
    expect(ewma.value).toBe(0);
    for (const sample of [1, 2, 6]) ewma.add(sample);
    expect(ewma.value).toBeCloseTo(3, 12);
    expect(ewma.add(13)).toBeCloseTo(3 + 10 * (2 / 10), 12);
  });

  test("stays within its samples, and goes to a constant one", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (samples) => {
        const ewma = new Ewma(20);
        for (const sample of samples) ewma.add(sample);
        expect(ewma.value).toBeGreaterThanOrEqual(Math.min(...samples) * (1 - 1e-9));
        expect(ewma.value).toBeLessThanOrEqual(Math.max(...samples) * (1 + 1e-9));
        for (let more = 0; more < 400; more++) ewma.add(7);
        expect(ewma.value).toBeCloseTo(7, 6);
      }),
      draws,
    );
  });

  test.each([
    [1, 1],
    [2.5, 2],
    [10, 10],
    [20, 10],
  ])("of %d samples takes the mean of the first %d, where nothing else is said", (samples, warmUp) => {
    const ewma = new Ewma(samples);
    for (let nth = 1; nth < warmUp; nth++) ewma.add(0);
    expect(ewma.add(100)).toBeCloseTo(100 / warmUp, 9);
    const next = 100 / warmUp;
    expect(ewma.add(0)).toBeCloseTo(next * (1 - 2 / (samples + 1)), 9);
  });

  test("may be set", () => {
    const ewma = new Ewma(1);
    ewma.set(5);
    expect(ewma.value).toBe(5);
  });
});

describe("PeakEwma", () => {
  test("rises at once to a peak, and falls to 1/e of it in the decay time, also by being read", () => {
    const cost = new PeakEwma(1000, 0, 10);
    cost.add(500, 100);
    expect(cost.at(100)).toBe(500);
    expect(cost.at(1100)).toBeCloseTo(500 / Math.E, 9);
    // A peak is what is above the value as it has fallen by then.
    cost.add(400, 1100);
    expect(cost.at(1100)).toBe(400);
  });

  test("averages a lower sample in by the time since the last", () => {
    const cost = new PeakEwma(1000, 0);
    cost.add(100, 0);
    cost.add(20, 1000);
    const weight = Math.exp(-1);
    expect(cost.at(1000)).toBeCloseTo(100 * weight + 20 * (1 - weight), 9);
    // No time has passed: one sample more changes nothing.
    cost.add(0, 1000);
    expect(cost.at(1000)).toBeCloseTo(100 * weight + 20 * (1 - weight), 9);
  });

  test("takes a clock that is set back for one that stands still", () => {
    const cost = new PeakEwma(1000, 500, 8);
    expect(cost.at(0)).toBe(8);
    cost.add(20, 0);
    expect(cost.at(500)).toBe(20);
  });
});

describe("Latencies", () => {
  test("each percentile of a hundred is not too high, also where its product with a hundred is rounded up", () => {
    const latencies = new Latencies(1000);
    const durations = Array.from({ length: 100 }, (_, index) => 1.15 ** index);
    for (const duration of durations) latencies.add(duration, 0);
    const wrong = durations.flatMap((truth, index) => {
      const told = latencies.quantile((index + 1) / 100, 0)!;
      return told >= truth && told <= truth * 1.05 * (1 + 1e-9) ? [] : [`p${index + 1}: ${told} instead of ${truth}`];
    });
    expect(wrong).toEqual([]);
  });

  test("a quantile is not below the truth, and at most the precision above it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 3_600_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.constantFrom(0.05, 0.2, 1),
        (samples, p, precision) => {
          const latencies = new Latencies(1000, precision);
          for (const sample of samples) latencies.add(sample, 0);
          const sorted = [...samples].sort((a, b) => a - b);
          const truth = sorted[Math.ceil(p * sorted.length) - 1]!;
          const found = latencies.quantile(p, 0)!;
          expect(found).toBeGreaterThanOrEqual(truth);
          expect(found).toBeLessThanOrEqual(truth * (1 + precision) * (1 + 1e-9));
        },
      ),
      draws,
    );
  });

  test("knows the last period to the last two, and nothing older", () => {
    const latencies = new Latencies(1000);
    expect(latencies.quantile(0.5, 0)).toBeUndefined();
    latencies.add(10, 0);
    latencies.add(1000, 1500);
    expect(latencies.count(1999)).toBe(2);
    expect(latencies.count(2000)).toBe(1);
    expect(latencies.quantile(0.01, 2000)).toBeGreaterThanOrEqual(1000);
    expect(latencies.count(3000)).toBe(0);
    latencies.add(5, 3000);
    expect(latencies.count(10_000)).toBe(0);
  });

  test("a quantile is of both periods, and of nothing from before a pause", () => {
    const latencies = new Latencies(1000);
    for (const [latency, now] of [
      [10, 0],
      [10, 1],
      [1000, 1500],
    ] as const) {
      latencies.add(latency, now);
    }
    expect(latencies.quantile(0.6, 1500)).toBeLessThan(11);
    expect(latencies.quantile(1, 1500)).toBeGreaterThanOrEqual(1000);
    latencies.add(5000, 9000);
    expect(latencies.quantile(0.1, 9000)).toBeGreaterThanOrEqual(5000);
  });

  test("counts what is out of range as the nearest", () => {
    const latencies = new Latencies(1000);
    latencies.add(0, 0);
    latencies.add(Number.NaN, 0);
    latencies.add(Number.POSITIVE_INFINITY, 0);
    expect(latencies.count(0)).toBe(3);
    expect(latencies.quantile(0.5, 0)).toBe(0.001);
    expect(latencies.quantile(1, 0)).toBeGreaterThan(18 * 3_600_000);
  });

  test.each([
    [() => new Latencies(0), "Latencies: period must be a number above 0 and at most 2147483647; received 0"],
    [
      () => new Latencies(1, 0.01),
      "Latencies: precision must be a number of 0.05 or more and at most 1; received 0.01",
    ],
    [() => new Latencies(1).quantile(0, 0), "Latencies.quantile: p must be a number above 0 and at most 1; received 0"],
  ])("refuses what is out of range", (run, message) => {
    expect(run).toThrow(new RangeError(message));
  });
});

test.each([
  [() => new CountWindow(1).add(2, false), "window: failed must be a number of 0 or more and at most 1; received 2"],
  [() => new CountWindow(0), "CountWindow: size must be a whole number of 1 or more and at most 1000000; received 0"],
  [() => new TimeWindow(0), "TimeWindow: span must be a number above 0 and at most 2147483647; received 0"],
  [
    () => new TimeWindow(1, 1_001),
    "TimeWindow: buckets must be a whole number of 1 or more and at most 1000; received 1001",
  ],
  [() => new Ewma(0.5), "Ewma: samples must be a number of 1 or more; received 0.5"],
  [() => new Ewma(9, 1.5), "Ewma: warmUp must be a whole number of 1 or more; received 1.5"],
  [() => new PeakEwma(0, 0), "PeakEwma: decay must be a number above 0 and at most 2147483647; received 0"],
  [() => new PeakEwma(1, 0, -1), "PeakEwma: initial must be a number of 0 or more; received -1"],
])("bad options are refused by name: %s", (make, message) => {
  expect(make).toThrow(new RangeError(message));
});

test.each([
  () => new CountWindow(1_000_000),
  () => new TimeWindow(1, 1_000),
  () => new Ewma(1, 1),
  () => new PeakEwma(1, 0, 0),
  () => new Latencies(1, 1),
])("what is just in range will do: %s", (make) => {
  expect(make).not.toThrow();
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aimd, gradient, type LimitAlgorithm, type LimitSample, vegas } from "../src/index.ts";
import { sampleOf } from "./helper/steps.ts";

const samples: fc.Arbitrary<LimitSample> = fc.record({
  rtt: fc.double({ min: 0, max: 1e6, noNaN: true }),
  error: fc.double({ min: 0, max: 1e6, noNaN: true }),
  inflight: fc.integer({ min: 1, max: 2_000 }),
  dropped: fc.boolean(),
  count: fc.integer({ min: 1, max: 1_000 }),
});

const bounds = { initial: 20, min: 3, max: 150 };

const makers: readonly (readonly [string, () => LimitAlgorithm])[] = [
  ["aimd", () => aimd(bounds)],
  ["vegas", () => vegas(bounds)],
  ["gradient", () => gradient(bounds)],
];

describe.each(makers)("%s", (_name, make) => {
  test("promise 1: the limit is never outside its bounds, whatever it is told", () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 100 }), (told) => {
        const algorithm = make();
        for (const sample of told) {
          const limit = algorithm.sample(sample);
          expect(limit).toBeGreaterThanOrEqual(3);
          expect(limit).toBeLessThanOrEqual(150);
          expect(algorithm.limit).toBe(limit);
        }
      }),
    );
  });

  test("promise 3: while less than half of the limit is in use it does not go up", () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 50 }), samples, (told, last) => {
        const algorithm = make();
        for (const sample of told) algorithm.sample(sample);
        // While vegas measures anew it is on its way back to where it was.
        algorithm.sample(sampleOf({ dropped: true }));
        const before = algorithm.limit;
        const inflight = Math.ceil(before / 2) - 1;
        expect(algorithm.sample({ ...last, inflight })).toBeLessThanOrEqual(before);
      }),
    );
  });

  test("a round trip of 0, which a coarse clock shows, is one without a queue", () => {
    const algorithm = make();
    for (let window = 0; window < 5; window++) algorithm.sample(sampleOf({ rtt: 0 }));
    expect(algorithm.limit).toBeGreaterThan(20);
  });
});

describe("aimd", () => {
  test("goes up by one, and down to nine tenths, rounded down", () => {
    const algorithm = aimd();
    expect(algorithm.sample(sampleOf({}))).toBe(21);
    expect(algorithm.sample(sampleOf({ dropped: true }))).toBe(18);
    expect(algorithm.sample(sampleOf({ rtt: 5_000 }))).toBe(19);
    expect(algorithm.sample(sampleOf({ rtt: 5_001 }))).toBe(17);
    expect(algorithm.sample(sampleOf({ inflight: 8 }))).toBe(17);
    expect(algorithm.sample(sampleOf({ inflight: 9 }))).toBe(18);
    expect(algorithm.sample(sampleOf({ inflight: 9 }))).toBe(19);
    expect(algorithm.baseline).toBeUndefined();
  });

  test("goes down as it is told", () => {
    expect(aimd({ backoff: 0.5 }).sample(sampleOf({ dropped: true }))).toBe(10);
    expect(aimd({ timeout: 60 }).sample(sampleOf({ rtt: 61 }))).toBe(18);
    expect(() => aimd({ backoff: 1 })).toThrow("aimd: backoff must be a number of 0.5 or more and below 1; received 1");
    expect(aimd({ initial: 1 }).sample(sampleOf({ dropped: true }))).toBe(1);
  });
});

describe("vegas", () => {
  /** One that knows that a call takes 100 ms. */
  function measured(initial: number, options = {}): LimitAlgorithm {
    const algorithm = vegas({ initial, random: () => 0.5, ...options });
    algorithm.sample(sampleOf({ rtt: 100 }));
    expect(algorithm.baseline).toBe(100);
    expect(algorithm.limit).toBe(initial);
    return algorithm;
  }
  /** The round trip at which so many of `limit` calls are in the queue. */
  const rttOf = (queue: number, limit: number): number => 100 / (1 - (queue - 0.5) / limit);

  test.each([
    // The step is 1 below 100, and 2 from there on to 1,000.
    [50, 1, 56],
    [50, 2, 51],
    [50, 3, 50],
    [50, 6, 50],
    [50, 7, 49],
    [100, 2, 112],
    [100, 3, 102],
    [100, 5, 102],
    [100, 6, 100],
    [100, 12, 100],
    [100, 13, 98],
  ])("from %i, with a queue of %i, it goes to %i", (limit, queue, next) => {
    expect(measured(limit).sample(sampleOf({ rtt: rttOf(queue, limit) }))).toBe(next);
  });

  test("a dropped call is a step down, however short the queue", () => {
    expect(measured(50).sample(sampleOf({ rtt: 100, dropped: true }))).toBe(49);
    expect(measured(200).sample(sampleOf({ rtt: 100, dropped: true }))).toBe(198);
  });

  test("what may be chance is no queue, and no less a latency", () => {
    const algorithm = measured(50);
    expect(algorithm.sample(sampleOf({ rtt: 150, error: 25 }))).toBe(56);
    algorithm.sample(sampleOf({ rtt: 80, error: 11, inflight: 1 }));
    expect(algorithm.baseline).toBe(100);
    algorithm.sample(sampleOf({ rtt: 80, error: 5, inflight: 1 }));
    expect(algorithm.baseline).toBe(90);
  });

  test("measures anew with the queue taken off, and then goes back to where it was", () => {
    // 0.75 * 1 * 20 = 15 samples.
    const algorithm = measured(20, { probe: 1, max: 20 });
    for (let window = 0; window < 13; window++) expect(algorithm.sample(sampleOf({ rtt: rttOf(4, 20) }))).toBe(20);
    // 4 in the queue, and a step.
    expect(algorithm.sample(sampleOf({ rtt: rttOf(4, 20) }))).toBe(15);
    // The queue drains while 40 calls end, and what is seen meanwhile is nothing to go by.
    for (let window = 0; window < 4; window++) {
      expect(algorithm.sample(sampleOf({ rtt: 110, count: 10 }))).toBe(15);
      expect(algorithm.baseline).toBe(100);
    }
    expect(algorithm.sample(sampleOf({ rtt: 104 }))).toBe(20);
    expect(algorithm.baseline).toBe(104);
    // And goes on as before: half of the limit would be in the queue.
    expect(algorithm.sample(sampleOf({ rtt: 208 }))).toBe(19);
    expect(algorithm.baseline).toBe(104);
  });

  test("counts half of the limit in use as used", () => {
    expect(measured(50).sample(sampleOf({ rtt: 100, inflight: 25 }))).toBe(56);
    expect(measured(50).sample(sampleOf({ rtt: 100, inflight: 24 }))).toBe(50);
  });

  test("measures anew after half of `probe` windows for each slot at the earliest", () => {
    // 0.5 * 1 * 20 = 10 samples, of which one is behind it.
    const algorithm = measured(20, { probe: 1, random: () => 0 });
    for (let window = 0; window < 8; window++) algorithm.sample(sampleOf({ rtt: 130, inflight: 2 }));
    expect(algorithm.baseline).toBe(100);
    algorithm.sample(sampleOf({ rtt: 130, inflight: 2 }));
    expect(algorithm.baseline).toBe(130);
  });

  test("measures anew as it is where the limit is hardly used", () => {
    const algorithm = measured(20, { probe: 1 });
    for (let window = 0; window < 13; window++) algorithm.sample(sampleOf({ rtt: 130, inflight: 2 }));
    expect(algorithm.baseline).toBe(100);
    expect(algorithm.sample(sampleOf({ rtt: 130, inflight: 2 }))).toBe(20);
    expect(algorithm.baseline).toBe(130);
  });

  test("a call that is dropped meanwhile ends that", () => {
    const algorithm = measured(20, { probe: 1, max: 20 });
    for (let window = 0; window < 14; window++) algorithm.sample(sampleOf({ rtt: rttOf(4, 20) }));
    expect(algorithm.sample(sampleOf({ dropped: true }))).toBe(14);
    // Nor does it go back to where it was. 0.75 * 1 * 14 = 11 samples until it measures anew.
    for (let window = 0; window < 10; window++) {
      expect(algorithm.sample(sampleOf({ rtt: 105, inflight: 1 }))).toBe(14);
      expect(algorithm.baseline).toBe(100);
    }
  });

  test("a call that is dropped before does not put it off", () => {
    const algorithm = measured(20, { probe: 1 });
    for (let window = 0; window < 6; window++) algorithm.sample(sampleOf({ rtt: 130, inflight: 2 }));
    expect(algorithm.sample(sampleOf({ dropped: true }))).toBe(19);
    // 0.75 * 1 * 19 = 15 samples.
    for (let window = 0; window < 6; window++) algorithm.sample(sampleOf({ rtt: 130, inflight: 2 }));
    expect(algorithm.baseline).toBe(100);
    algorithm.sample(sampleOf({ rtt: 130, inflight: 2 }));
    expect(algorithm.baseline).toBe(130);
  });

  test("draws once when that is to be, and not in each window", () => {
    let drawn = 0;
    const algorithm = vegas({
      probe: 1,
      random() {
        drawn++;
        return 0.5;
      },
    });
    for (let window = 0; window < 14; window++) algorithm.sample(sampleOf({ rtt: 100, inflight: 1 }));
    expect(drawn).toBe(1);
  });

  test.each([Number.NaN, -1, 1, 5, "x"])("a random number that is none (%s) is taken for 0.5", (odd) => {
    // 0.75 * 1 * 10 = 8 samples.
    const algorithm = vegas({ initial: 10, probe: 1, random: () => odd as number });
    algorithm.sample(sampleOf({ rtt: 100 }));
    for (let window = 0; window < 6; window++) algorithm.sample(sampleOf({ rtt: 120, inflight: 1 }));
    expect(algorithm.baseline).toBe(100);
    algorithm.sample(sampleOf({ rtt: 120, inflight: 1 }));
    expect(algorithm.baseline).toBe(120);
  });
});

describe("gradient", () => {
  /** One that has seen so many windows of 100 ms, at a limit of 100. */
  function measured(options = {}): LimitAlgorithm {
    const algorithm = gradient({ initial: 100, ...options });
    for (let window = 0; window < 10; window++) algorithm.sample(sampleOf({ rtt: 100, inflight: 1 }));
    expect(algorithm.baseline).toBe(100);
    return algorithm;
  }

  test("goes up by a part of the queue while calls take no longer than ever", () => {
    expect(measured().sample(sampleOf({ rtt: 99 }))).toBeCloseTo(100.8);
    expect(measured({ queue: 10, smoothing: 1 }).sample(sampleOf({ rtt: 99 }))).toBeCloseTo(110);
  });

  test("goes up, too, while they take just as long as on the average, and half of the limit is in use", () => {
    expect(measured().sample(sampleOf({ rtt: 100, inflight: 50 }))).toBeCloseTo(100.8);
    expect(measured().sample(sampleOf({ rtt: 100, inflight: 49 }))).toBe(100);
  });

  test("goes down by as much as they take longer, to the half at most", () => {
    const one = measured({ smoothing: 1, longWindow: 1e9 });
    expect(one.sample(sampleOf({ rtt: 125 }))).toBeCloseTo(80);
    expect(one.sample(sampleOf({ rtt: 1_000 }))).toBeCloseTo(40);
    expect(measured().sample(sampleOf({ rtt: 1e6 }))).toBeCloseTo(90);
  });

  test("stays where it is while that may be chance, or is tolerated", () => {
    expect(measured({ longWindow: 1e9 }).sample(sampleOf({ rtt: 120, error: 10 }))).toBe(100);
    expect(measured({ longWindow: 1e9, tolerance: 1.5 }).sample(sampleOf({ rtt: 149 }))).toBeCloseTo(100.8);
  });

  test("a dropped call is half of the limit, as far as it is smoothed, and nothing to measure by", () => {
    const algorithm = measured();
    expect(algorithm.sample(sampleOf({ rtt: 1, dropped: true }))).toBeCloseTo(90);
    expect(algorithm.baseline).toBe(100);
  });

  test("knows nothing at first, and forgets an incident sooner than it learned of it", () => {
    const algorithm = gradient();
    expect(algorithm.baseline).toBeUndefined();
    for (let window = 0; window < 10; window++) algorithm.sample(sampleOf({ rtt: 1_000 }));
    let windows = 0;
    while (algorithm.baseline! > 220 && windows < 1_000) {
      algorithm.sample(sampleOf({ rtt: 100 }));
      windows++;
    }
    // By the average alone it were 600 * ln(900 / 120) / 2 = 600.
    expect(windows).toBeLessThan(40);
  });
});

describe("bounds", () => {
  test("what to begin with is 20, or the nearest that is within the bounds", () => {
    expect(vegas().limit).toBe(20);
    expect(vegas({ max: 5 }).limit).toBe(5);
    expect(vegas({ min: 50 }).limit).toBe(50);
    expect(aimd({ min: 500 })).toMatchObject({ limit: 500, max: 500 });
  });

  test.each([
    [{ min: 0 }, "min must be a whole number of 1 or more"],
    [{ min: 1.5 }, "min must be a whole number of 1 or more"],
    [{ max: 20.5 }, "max must be a whole number of 1 or more"],
    [{ initial: 2.5 }, "initial must be a whole number of 1 or more"],
    [{ min: 5, max: 4 }, "max must be a whole number of 5 or more"],
    [{ min: 5, initial: 4 }, "initial must be a whole number of 5 or more"],
    [{ max: 5, initial: 6 }, "initial must be a whole number of 1 or more and at most 5"],
  ])("%o is refused", (options, message) => {
    for (const make of [aimd, vegas, gradient]) expect(() => make(options)).toThrow(`${make.name}: ${message}`);
  });

  test("may meet", () => {
    for (const make of [aimd, vegas, gradient]) expect(make({ initial: 5, min: 5, max: 5 }).limit).toBe(5);
  });
});

describe("what an algorithm is made with", () => {
  test.each<readonly [make: () => LimitAlgorithm, message: string]>([
    [() => aimd({ backoff: 0.4 }), "aimd: backoff must be a number of 0.5 or more and below 1; received 0.4"],
    [() => aimd({ timeout: 0 }), "aimd: timeout must be a number above 0 and at most 2147483647; received 0"],
    [() => vegas({ probe: 0.9 }), "vegas: probe must be a number of 1 or more; received 0.9"],
    [() => vegas({ random: 0.5 as never }), "vegas: random must be a function; received 0.5"],
    [() => gradient({ queue: 0 }), "gradient: queue must be a number above 0; received 0"],
    [() => gradient({ tolerance: 0.9 }), "gradient: tolerance must be a number of 1 or more; received 0.9"],
    [() => gradient({ smoothing: 0 }), "gradient: smoothing must be a number above 0 and at most 1; received 0"],
    [() => gradient({ longWindow: 0.9 }), "gradient: longWindow must be a number of 1 or more; received 0.9"],
  ])("%s is refused", (make, message) => {
    expect(make).toThrow(message);
  });
});

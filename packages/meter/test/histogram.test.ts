import { ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HistogramSnapshot, meter } from "../src/index.ts";
import { atHand } from "./helper/at-hand.ts";

/** A meter that has seen calls of so many milliseconds. */
async function timed(first: readonly number[], then: readonly number[] = []) {
  // As a clock that is asked twice a call: a virtual one adds, and so rounds.
  let reading = 0;
  const clock = Object.assign(new VirtualClock(), { now: () => reading });
  const { running, service: inner } = atHand();
  const seen = meter("timed", { clock });
  const service = new ServiceBuilder().layer(seen).service(inner);
  const go = async (durations: readonly number[]): Promise<HistogramSnapshot> => {
    for (const duration of durations) {
      reading = 0;
      const call = service.call("a");
      reading = duration;
      running.pop()!.resolve("A");
      await call;
    }
    return seen.snapshot().duration;
  };
  const earlier = await go(first);
  return { earlier, later: await go(then) };
}

const of = async (durations: readonly number[]): Promise<HistogramSnapshot> => (await timed(durations)).later;

/** The bucket by the formula of OpenTelemetry's data model. */
function indexByFormula(seconds: number): number {
  return Math.ceil(Math.log2(seconds) * 8) - 1;
}

const microsecond = 1e-3;
const fourHours = 4 * 3_600_000;
const duration = fc.double({ min: microsecond, max: fourHours, noNaN: true });

describe("promise 8: a quantile is not below the truth, and at most 9.1 % above it between 1 µs and 4 h", () => {
  test("for any durations and any share", async () => {
    const check = fc.asyncProperty(
      fc.array(duration, { minLength: 1, maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (durations, q) => {
        const sorted = [...durations].sort((one, other) => one - other);
        const truth = sorted[Math.max(Math.ceil(q * sorted.length), 1) - 1]!;
        const told = (await of(durations)).quantile(q)!;
        expect(told).toBeGreaterThanOrEqual(truth);
        expect(told).toBeLessThanOrEqual(truth * 1.091);
      },
    );
    await fc.assert(check, { numRuns: 2_000 });
  });

  test("for each percentile of a hundred durations, also where its product with a hundred is rounded up", async () => {
    const durations = Array.from({ length: 100 }, (_, index) => 1.15 ** index);
    const seen = await of(durations);
    const wrong = durations.flatMap((truth, index) => {
      const told = seen.quantile((index + 1) / 100)!;
      return told >= truth && told <= truth * 1.091 ? [] : [`p${index + 1}: ${told} instead of ${truth}`];
    });
    expect(wrong).toEqual([]);
  });

  test("the largest share is the longest duration itself", async () => {
    expect((await of([3, 1, 7.77])).quantile(1)).toBe(7.77);
  });

  test("there is none where nothing was recorded", () => {
    expect(meter("idle").snapshot().duration.quantile(0.5)).toBeUndefined();
  });

  test.each([-0.1, 1.1, Number.NaN, "0.5"])("it refuses a share of %s", (q) => {
    expect(() =>
      meter("idle")
        .snapshot()
        .duration.quantile(q as number),
    ).toThrow(/quantile: q must be a number of 0 or more and at most 1; received/);
  });
});

describe("the buckets are those of OpenTelemetry at scale 3", () => {
  test("each duration is in the one that the formula says", async () => {
    const check = fc.asyncProperty(duration, async (ms) => {
      const { scale, offset, counts, zero } = await of([ms]);
      expect([scale, zero, counts]).toEqual([3, 0, [1]]);
      // At an end that is no power of two, the last digit of the formula's logarithm decides.
      expect([indexByFormula((ms / 1000) * (1 - 1e-12)), indexByFormula((ms / 1000) * (1 + 1e-12))]).toContain(offset);
    });
    await fc.assert(check, { numRuns: 2_000 });
  });

  test.each(Array.from({ length: 34 }, (_, index) => index - 19))(
    "2^%d s is the last of its bucket, and the next number the first of another",
    async (exponent) => {
      const ms = 1000 * 2 ** exponent;
      const above = ms * (1 + Number.EPSILON);
      const { offset, counts } = await of([ms]);
      expect([offset, counts]).toEqual([8 * exponent - 1, [1]]);
      // Longer than the longest bucket is in the longest one.
      expect((await of([above])).offset).toBe(exponent === 14 ? 8 * exponent - 1 : 8 * exponent);
    },
  );

  test("each end belongs to the bucket below it", async () => {
    for (let index = -159; index < 112; index += 1) {
      const end = 1000 * 2 ** Math.floor(index / 8) * 2 ** ((((index % 8) + 8) % 8) / 8);
      expect((await of([end])).offset).toBe(index - 1);
      expect((await of([end * (1 + Number.EPSILON)])).offset).toBe(index);
    }
  });

  test("what is no longer than 2^-20 s is apart, and so is a clock that went backwards", async () => {
    const seen = await of([0, 1000 * 2 ** -20, -5, Number.NaN]);
    expect(seen).toMatchObject({
      count: 4,
      zero: 4,
      counts: [],
      offset: 0,
      sum: 1000 * 2 ** -20,
      max: 1000 * 2 ** -20,
    });
    expect(seen.quantile(0.5)).toBe(1000 * 2 ** -20);
    expect((await of([0])).quantile(1)).toBe(0);
  });

  test("what is longer than 2^14 s is in the last, and a quantile there is the longest", async () => {
    const day = 86_400_000;
    const seen = await of([day, 1]);
    expect(seen).toMatchObject({ count: 2, max: day, sum: day + 1 });
    expect(seen.offset + seen.counts.length - 1).toBe(111);
    expect(seen.quantile(0.99)).toBe(day);
  });

  test("only those with something in them are told, and those between", async () => {
    const { counts } = await of([1, 1, 2]);
    expect(counts).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 1]);
  });
});

describe("since", () => {
  test("the difference of two snapshots is as if only what lies between had been recorded, but for its longest", async () => {
    const check = fc.asyncProperty(fc.array(duration), fc.array(duration), async (before, after) => {
      const { earlier, later } = await timed(before, after);
      const { sum, max, ...recent } = later.since(earlier);
      const { sum: sumAlone, max: maxAlone, ...alone } = await of(after);
      expect({ ...recent }).toEqual({ ...alone });
      expect(Math.abs(sum - sumAlone)).toBeLessThanOrEqual(later.sum * 1e-9);
      expect(max).toBeGreaterThanOrEqual(maxAlone);
      expect(max).toBeLessThanOrEqual(maxAlone * 1.091);
    });
    await fc.assert(check);
  });

  test("of durations that are apart from the buckets", async () => {
    const { earlier, later } = await timed([5], [0, 0]);
    const recent = later.since(earlier);
    expect(recent).toMatchObject({ count: 2, zero: 2, counts: [], max: 1000 * 2 ** -20 });
    expect(later.since(later)).toMatchObject({ count: 0, max: 0, sum: 0 });
    expect(later.since(later).quantile(0.5)).toBeUndefined();
  });
});

test("it can be written as JSON, with what a merge needs", async () => {
  const seen = await of([1, 2]);
  expect(JSON.parse(JSON.stringify(seen))).toEqual({
    count: 2,
    sum: 3,
    max: 2,
    zero: 0,
    scale: 3,
    offset: seen.offset,
    counts: [...seen.counts],
  });
});

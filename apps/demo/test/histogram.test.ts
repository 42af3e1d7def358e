import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram } from "../src/report/histogram.ts";

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe("a histogram", () => {
  test("with nothing in it has no quantile", () => {
    expect(new Histogram().quantile(0.5)).toBeUndefined();
  });

  test("has quantiles that are never too low, and at most 4 % too high", () => {
    const times = fc.array(fc.double({ min: 0.2, max: 10_000, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(times, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, q) => {
        const exact = [...values].sort((a, b) => a - b)[Math.ceil(q * values.length) - 1]!;
        const quantile = histogramOf(values).quantile(q)!;
        expect(quantile).toBeGreaterThan(exact * 0.9999);
        expect(quantile).toBeLessThan(exact * 1.0401);
      }),
    );
  });

  test("is the same after a journey as JSON", () => {
    const histogram = histogramOf([1, 20, 300]);
    const copy = new Histogram(JSON.parse(JSON.stringify(histogram)) as number[]);
    expect(copy.quantile(0.5)).toBe(histogram.quantile(0.5));
    expect(copy.count).toBe(3);
  });
});

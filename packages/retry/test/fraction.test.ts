import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fractionOf } from "../src/fraction.ts";

describe("the fraction that a number stands for", () => {
  test.each([
    [0, 0, 1],
    [1, 1, 1],
    [2.5, 5, 2],
    [0.1, 1, 10],
    [0.29, 29, 100],
    [0.7, 7, 10],
    [1 / 3, 1, 3],
    [2 / 3, 2, 3],
    [0.2, 1, 5],
    [1_000, 1_000, 1],
    [2 ** -30, 1, 2 ** 30],
    [2 ** -31, 0, 1],
    [Number.MIN_VALUE, 0, 1],
  ])("%d is %d/%d", (value, numerator, denominator) => {
    expect(fractionOf(value)).toEqual({ numerator, denominator });
  });

  test("is the one that somebody wrote, in lowest terms", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 10_000 }), (p, q) => {
        const { numerator, denominator } = fractionOf(p / q);
        expect(numerator * q).toBe(p * denominator);
        expect(denominator).toBeLessThanOrEqual(q);
      }),
    );
  });

  test("divides to the very number, whichever it is", () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -30, max: 1_000, noNaN: true }), (value) => {
        const { numerator, denominator } = fractionOf(value);
        expect(numerator / denominator).toBe(value);
        expect(Number.isSafeInteger(numerator)).toBe(true);
        expect(Number.isSafeInteger(denominator)).toBe(true);
      }),
    );
  });
});

import { describe, expect, test } from "vitest";
import { Stock } from "../../src/rate/stock.ts";

/** Tokens 10 ms apart that were asked for at `at`, came at once, and are good for 100 ms. */
const granted = (count: number, { at = 0, first = 0, stamp = "a" } = {}) => ({
  granted: count,
  first,
  stamp,
  step: 10,
  came: at,
  sent: at,
  hold: 100,
});

describe("what is given back", () => {
  test("is the latest, of one stamp at a time", () => {
    const stock = new Stock();
    stock.add(granted(3));
    stock.add(granted(2, { at: 5, stamp: "b" }));
    expect(stock.giveBack(4, 20)).toEqual({ unused: 2, stamp: "b" });
    expect(stock.giveBack(4, 20)).toEqual({ unused: 3, stamp: "a" });
    expect(stock.giveBack(4, 20)).toEqual({ unused: 0, stamp: "" });
    expect(stock.size(20)).toBe(0);
  });

  test("goes on over grants of one stamp", () => {
    const stock = new Stock();
    stock.add(granted(3));
    stock.add(granted(2, { at: 5 }));
    expect(stock.giveBack(4, 20)).toEqual({ unused: 4, stamp: "a" });
    expect(stock.size(20)).toBe(1);
  });

  test("has what ended, where nothing later was used and nothing later is there", () => {
    const stock = new Stock();
    stock.add(granted(3));
    stock.take(0);
    expect(stock.size(500)).toBe(0);
    expect(stock.giveBack(0, 500)).toEqual({ unused: 2, stamp: "a" });
    stock.add(granted(2, { at: 500 }));
    // The first ends at 600, the second at 610.
    expect(stock.size(605)).toBe(1);
    expect(stock.giveBack(0, 605)).toEqual({ unused: 0, stamp: "" });
    expect(stock.take(605)).toBeDefined();
    expect(stock.giveBack(0, 800)).toEqual({ unused: 0, stamp: "" });
  });
});

test("tokens of the future are told from those that are good", () => {
  const stock = new Stock();
  stock.add(granted(5, { first: -20 }));
  expect([stock.size(0), stock.good(0), stock.future(0)]).toEqual([5, 3, 2]);
  expect([0, 3, 4, 5].map((before) => stock.dateOf(before, 0))).toEqual([-20, 10, 20, undefined]);
  for (let token = 0; token < 3; token++) expect(stock.take(0)).toBeDefined();
  expect(stock.take(9)).toBeUndefined();
  expect(stock.take(10)).toBeDefined();
  // One that is dated in the future is good for as long as the others, from then on.
  expect(stock.take(119)).toBeDefined();
});

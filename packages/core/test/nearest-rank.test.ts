import { expect, test } from "vitest";
import { nearestRank } from "../src/kit.ts";

test("the nearest rank is the least whose share is as large, whatever a product is rounded to", () => {
  const wrong: string[] = [];
  for (const parts of [3, 7, 100, 128, 1_000]) {
    for (let part = 1; part <= parts; part++) {
      for (const count of [1, 2, 99, 100, 333, 1_000]) {
        // Whole numbers, which are exact.
        const whole = part * count;
        const exact = (whole - (whole % parts)) / parts + (whole % parts === 0 ? 0 : 1);
        if (nearestRank(part / parts, count) !== exact) wrong.push(`${part}/${parts} of ${count}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

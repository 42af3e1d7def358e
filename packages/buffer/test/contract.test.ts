import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { buffer } from "../src/index.ts";

test.each([1, 3])("a buffer of %i keeps every promise of the contract, under random schedules", async (capacity) => {
  const report = await checkContract(({ clock }) => buffer({ capacity, clock }), {
    absorbs: true,
    badOptions: [() => buffer({ capacity: 0 }), () => buffer({ capacity: Number.NaN })],
    runs: 200,
  });
  report.assert();
  expect(report.ok).toBe(true);
});

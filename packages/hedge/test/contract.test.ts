import { schedules } from "@sluice/test-kit";
import { checkContract, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { hedge } from "../src/index.ts";

test.each<readonly [name: string, runs: number, make: MakeLayer]>([
  ["after 10 ms", 3_000, ({ clock }) => hedge({ delay: 10, clock })],
  ["at once, up to 4 attempts", 300, ({ clock }) => hedge({ delay: 0, attempts: 4, clock })],
  ["after a quantile", 300, ({ clock }) => hedge({ delay: 5, quantile: 0.5, minSamples: 3, clock })],
])("a hedge %s keeps every promise of the contract, under %i random schedules", async (_name, runs, make) => {
  const report = await checkContract(make, {
    runs: schedules(runs),
    badOptions: (
      [
        ["delay", [-1, 2 ** 31, Number.NaN, "5", undefined]],
        ["quantile", [0, 1, "0.5"]],
        ["attempts", [1, 11, 2.5, "2"]],
      ] as const
    ).flatMap(([option, values]) =>
      values.map((value) => ({ option, value, make: (bad: never) => hedge({ delay: 5, [option]: bad }) })),
    ),
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

import { schedules } from "@sluice/test-kit";
import { checkContract, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { throttle, type ThrottleOptions } from "../src/index.ts";

/** One that takes each failure for a refusal: it refuses soon. */
const eager: ThrottleOptions = {
  minimumPerSecond: 0,
  window: 50,
  classify: ({ status }) => (status === "rejected" ? "refused" : undefined),
};

test.each<readonly [name: string, runs: number, make: MakeLayer]>([
  ["that refuses nothing", 300, ({ clock }) => throttle({ clock })],
  ["that refuses soon", 3_000, ({ clock }) => throttle({ ...eager, clock })],
  ["that refuses at random", 300, ({ clock }) => throttle({ ...eager, random: () => 0.5, clock })],
])("a throttle %s keeps every promise of the contract, under %i random schedules", async (_name, runs, make) => {
  const report = await checkContract(make, {
    observes: true,
    runs: schedules(runs),
    badOptions: (
      [
        ["k", [1, 1.09, Number.NaN, Infinity, "2"]],
        ["window", [0, -1, 2 ** 31, "5"]],
        ["minimumPerSecond", [-1, Infinity, "5"]],
        ["max", [0, 1, Number.NaN, "0.5"]],
        ["classify", ["refused", null, {}]],
        ["random", [0.5, null, {}]],
      ] as const
    ).flatMap(([option, values]) =>
      values.map((value) => ({ option, value, make: (bad: never) => throttle({ [option]: bad }) })),
    ),
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

import { schedules } from "@sluice/test-kit";
import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { AdaptiveLimit, adaptiveLimit, aimd, gradient, type LimitAlgorithm, vegas } from "../src/index.ts";

/** Bounds that are so narrow that a schedule of a dozen calls goes from one to the other. */
const narrow = { initial: 2, min: 1, max: 4 };

test.each<readonly [string, () => LimitAlgorithm, number]>([
  ["vegas", () => vegas(narrow), 1_000],
  ["gradient", () => gradient({ ...narrow, smoothing: 1 }), 1_000],
  ["aimd", () => aimd({ ...narrow, backoff: 0.5, timeout: 5 }), 1_000],
])("with %s it keeps every promise of the contract, under random schedules", async (_name, make, runs) => {
  const report = await checkContract(
    ({ clock }) => adaptiveLimit(make(), { clock, window: { time: 10, samples: 1 } }),
    { observes: true, runs: schedules(runs) },
  );
  expect(report.ok ? "" : String(report)).toBe("");
});

test("with a limit that stays it keeps every promise of the contract, under 3,000 random schedules", async () => {
  const fixed = { initial: 2, min: 2, max: 2 };
  const report = await checkContract(({ clock }) => adaptiveLimit(vegas(fixed), { clock }), {
    observes: true,
    runs: schedules(3_000),
    badOptions: [
      { option: "algorithm", value: 5, make: (algorithm: never) => adaptiveLimit(algorithm) },
      ...[0, 1.5, Number.NaN, "2"].map((value) => ({
        option: "min",
        value,
        make: (min: never) => adaptiveLimit(vegas({ min })),
      })),
      { option: "window.time", value: 5, make: (time: number) => adaptiveLimit(vegas(), { window: { time } }) },
    ],
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

test("so does the gate alone", async () => {
  const report = await checkContract(({ clock }) => new AdaptiveLimit(aimd(narrow), { clock }), {
    observes: true,
    runs: 200,
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

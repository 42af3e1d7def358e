import { checkContract, type CheckOptions, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { concurrencyLimit, FixedWindow, rateLimit, SlidingWindow, TokenBucket } from "../src/index.ts";

const rate = { limit: 2, interval: 1_000 };

const badLimits: CheckOptions["badOptions"] = [
  ...[-1, 1.5, Number.NaN, "2", undefined].map((value) => ({
    option: "max",
    value,
    make: (max: number) => concurrencyLimit(max),
  })),
  { option: "until", value: 5, make: (until: never) => concurrencyLimit(1, { until }) },
];

const badRates: CheckOptions["badOptions"] = (["limit", "interval", "burst", "algorithm"] as const).flatMap((option) =>
  [-1, Number.NaN, "x", null].map((value) => ({
    option,
    value,
    make: (bad: never) => rateLimit({ ...rate, algorithm: "token-bucket", [option]: bad }),
  })),
);

test.each<readonly [name: string, make: MakeLayer, badOptions: CheckOptions["badOptions"]]>([
  ["concurrencyLimit(1)", ({ clock }) => concurrencyLimit(1, { clock }), badLimits],
  ["concurrencyLimit(3)", ({ clock }) => concurrencyLimit(3, { clock }), []],
  ["concurrencyLimit(0)", ({ clock }) => concurrencyLimit(0, { clock }), []],
  ["concurrencyLimit(Infinity)", ({ clock }) => concurrencyLimit(Infinity, { clock }), []],
  ["concurrencyLimit, until", ({ clock }) => concurrencyLimit(2, { clock, until: () => Promise.resolve() }), []],
  ["rateLimit, sliding window", ({ clock }) => rateLimit({ ...rate, clock }), badRates],
  ["rateLimit, token bucket", ({ clock }) => rateLimit({ ...rate, burst: 3, algorithm: "token-bucket", clock }), []],
  ["rateLimit, fixed window", ({ clock }) => rateLimit({ ...rate, algorithm: "fixed-window", clock }), []],
  ["a SlidingWindow", ({ clock }) => new SlidingWindow({ ...rate, clock }), []],
  ["a TokenBucket", ({ clock }) => new TokenBucket({ ...rate, clock }), []],
  ["a FixedWindow", ({ clock }) => new FixedWindow({ ...rate, clock }), []],
])("%s keeps every promise of the contract, under random schedules", async (_name, make, badOptions) => {
  const report = await checkContract(make, { observes: true, runs: 200, badOptions });
  expect(report.ok ? "" : String(report)).toBe("");
});

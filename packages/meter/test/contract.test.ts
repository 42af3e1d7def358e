import { schedules } from "@sluice/test-kit";
import { checkContract } from "@sluice/testing/contract";
import { describe, expect, test } from "vitest";
import { meter } from "../src/index.ts";

describe("promise 1: it keeps every promise of the contract, under random schedules", () => {
  test.each([
    ["", {}],
    [" without durations", { durations: false }],
    [" while it is off", { enabled: false }],
  ])("a meter%s", async (_how, options) => {
    const report = await checkContract(({ clock }) => meter("checked", { clock, ...options }), {
      observes: true,
      badOptions: [
        { option: "name", value: "", make: (point: string) => meter(point) },
        { option: "codes", value: 0, make: (codes: number) => meter("point", { codes }) },
      ],
      runs: schedules(3_000),
    });
    expect(report.ok ? "" : String(report)).toBe("");
  });
});

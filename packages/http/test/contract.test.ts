import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { http } from "../src/index.ts";

test("it keeps every promise of the contract, under random schedules", async () => {
  const report = await checkContract(() => http(), {
    observes: true,
    badOptions: [{ option: "label", value: "", make: (label: string) => http({ label }) }],
    runs: 200,
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { loadShed } from "../src/index.ts";

test("it keeps every promise of the contract, under random schedules", async () => {
  const report = await checkContract(() => loadShed(), { absorbs: true, observes: true, runs: 200 });
  expect(report.ok ? "" : String(report)).toBe("");
});

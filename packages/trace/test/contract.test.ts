import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { trace } from "../src/index.ts";

test.each([
  ["without a logger", undefined],
  ["with a logger", { info() {}, warn() {} }],
])("it keeps every promise of the contract, under random schedules, %s", async (_how, logger) => {
  const report = await checkContract(({ clock }) => trace({ clock, logger }), {
    badOptions: [() => trace({ level: 30 as never }), () => trace({ generateId: "id" as never })],
    observes: true,
    runs: 200,
  });
  report.assert();
  expect(report.ok).toBe(true);
});

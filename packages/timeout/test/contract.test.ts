import { checkContract, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { timeout } from "../src/index.ts";

test.each<readonly [name: string, make: MakeLayer]>([
  ["of the call", ({ clock }) => timeout({ call: 50, clock })],
  ["of the wait", ({ clock }) => timeout({ ready: 50, clock })],
  ["of both together", ({ clock }) => timeout({ total: 50, clock })],
  ["of each", ({ clock }) => timeout({ ready: 20, call: 30, total: 40, clock })],
  ["for the callers' deadlines", ({ clock }) => timeout({ deadline: true, clock })],
])("a timeout %s keeps every promise of the contract, under random schedules", async (_name, make) => {
  const report = await checkContract(make, {
    badOptions: (["ready", "call", "total"] as const).flatMap((option) =>
      [-1, Number.NaN, 2 ** 31, "50"].map((value) => ({
        option,
        value,
        make: (ms: number) => timeout({ [option]: ms }),
      })),
    ),
    runs: 200,
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

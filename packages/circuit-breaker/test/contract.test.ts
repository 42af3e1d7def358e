import { schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { CircuitBreaker, circuitBreaker } from "../src/index.ts";

const badOptions: CheckOptions["badOptions"] = (
  [
    ["failureRatio", [0, 1.1, Number.NaN, "0.5"]],
    ["slowCall", [0, -1, 2 ** 31, "5"]],
    ["minimumCalls", [0, 1.5, Infinity, "5"]],
    ["breakFor", [0, -1, 2 ** 31, "5", {}]],
    ["probes", [0, 1.5, Infinity, "1"]],
    ["whenOpen", ["close", 1, null]],
  ] as const
).flatMap(([option, values]) =>
  values.map((value) => ({ option, value, make: (bad: never) => circuitBreaker({ [option]: bad }) })),
);

test.each<readonly [name: string, runs: number, make: MakeLayer]>([
  ["that stays closed", 300, ({ clock }) => circuitBreaker({ clock })],
  ["that opens at once", 3_000, ({ clock }) => circuitBreaker({ minimumCalls: 1, breakFor: 20, clock })],
  ["with two probes", 300, ({ clock }) => circuitBreaker({ consecutive: 2, breakFor: 5, probes: 2, clock })],
  ["that is slow at once", 300, ({ clock }) => circuitBreaker({ slowCall: 1, minimumCalls: 2, breakFor: 5, clock })],
  ["that lets wait", 3_000, ({ clock }) => circuitBreaker({ minimumCalls: 1, breakFor: 20, whenOpen: "wait", clock })],
  ["as a gate", 300, ({ clock }) => new CircuitBreaker({ minimumCalls: 2, breakFor: 20, clock })],
])("a breaker %s keeps every promise of the contract, under %i random schedules", async (_name, runs, make) => {
  const report = await checkContract(make, { observes: true, runs: schedules(runs), badOptions });
  expect(report.ok ? "" : String(report)).toBe("");
});

import { layerFn, serviceFn } from "@sluice/core";
import { schedules } from "@sluice/test-kit";
import { checkContract, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { reconnect, type ReconnectOptions } from "../src/index.ts";

const layer =
  (options: ReconnectOptions): MakeLayer =>
  ({ clock }) =>
    layerFn("reconnect", (inner) =>
      reconnect(() => Promise.resolve(inner), { ...options, clock }),
    ) as ReturnType<MakeLayer>;

const soon = { next: () => ({ delay: 1, state: undefined }) };

test.each<readonly [name: string, runs: number, options: ReconnectOptions]>([
  ["that connects once", 3_000, {}],
  ["that looks at failures and finds none", 300, { isBroken: () => false, close: () => {} }],
])("a service %s keeps every promise of the contract, under %i random schedules", async (_name, runs, options) => {
  const report = await checkContract(layer(options), {
    warms: true,
    runs: schedules(runs),
    badOptions: (
      [
        ["isBroken", [1, null]],
        ["backoff", [1, {}]],
        ["close", ["x"]],
        ["onChange", [{}]],
        ["label", ["", 1]],
      ] as const
    ).flatMap(([option, values]) =>
      values.map((value) => ({
        option,
        value,
        make: (bad: never) => reconnect(() => serviceFn(String), { [option]: bad }),
      })),
    ),
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

test("a service that breaks with each failure keeps every promise of the contract, under 3000 random schedules", async () => {
  const report = await checkContract(layer({ isBroken: () => true, backoff: soon }), {
    warms: true,
    runs: schedules(3_000),
    badOptions: [{ option: "make", value: 1, make: () => reconnect(1 as never) }],
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

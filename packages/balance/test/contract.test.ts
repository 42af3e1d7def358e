import { gate, layerFn, Semaphore, type Service } from "@sluice/core";
import { schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { maglev } from "../src/hash/index.ts";
import { balance, type BalanceOptions } from "../src/index.ts";

type Inner = Service<unknown, unknown>;

const badOptions: CheckOptions["badOptions"] = (
  [
    ["endpoints", [1, "x", [1], [["a", {}]]]],
    ["load", ["least", 1, null]],
    ["waitAt", [0, 1.5, "4"]],
    ["panic", [-1, 1.1, "0"]],
    ["outliers", [1, null]],
    ["avoidRepeats", ["yes"]],
    ["pick", [1, {}]],
  ] as const
).flatMap(([option, values]) =>
  values.map((value) => ({ option, value, make: (bad: never) => balance({ [option]: bad }) })),
);

const over = (
  endpointsOf: (inner: Inner) => readonly Inner[],
  options: Omit<BalanceOptions<Inner>, "endpoints"> = {},
): MakeLayer =>
  (({ clock }) =>
    layerFn("balance", (inner) =>
      balance<Inner>({ ...options, clock, endpoints: endpointsOf(inner).map((each, nth) => [nth, each]) }),
    )) as MakeLayer;

const one = (inner: Inner): Inner[] => [inner];
const limited = (max: number, inner: Inner): Inner => gate(new Semaphore(max), { name: "limit" }).wrap(inner);
const byText = maglev({ key: (request: unknown) => (typeof request === "number" ? request : undefined), size: 11 });
const everywhere: Partial<BalanceOptions<Inner>> = { outliers: { consecutive: 1, base: 5, maxPercent: 100 } };

test.each<readonly [name: string, runs: number, make: MakeLayer]>([
  ["over one endpoint", 3_000, over(one)],
  ["over three with limits", 3_000, over((inner) => [1, 2, 1].map((max) => limited(max, inner)))],
  ["by latency", 300, over((inner) => [1, 2].map((max) => limited(max, inner)), { load: "peak-ewma", defaultRtt: 5 })],
  ["with ejections", 300, over((inner) => [1, 2, 2].map((max) => limited(max, inner)), everywhere)],
  ["by key over one", 3_000, over(one, { pick: byText })],
])(
  "a balancer %s keeps every promise of the contract, under %i random schedules",
  { timeout: 120_000 },
  async (_name, runs, make) => {
    const report = await checkContract(make, { runs: schedules(runs), badOptions });
    expect(report.ok ? "" : String(report)).toBe("");
  },
);

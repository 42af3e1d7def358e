import { Semaphore } from "@sluice/core";
import { schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { priorityLine, type PriorityLineOptions } from "../src/index.ts";

const priority = (request: number): number => request - 1;

const badOptions: CheckOptions["badOptions"] = (
  [
    ["priority", [5, undefined]],
    ["levels", [0, 101, 1.5, "4"]],
    ["share", [-0.1, 1.1, Number.NaN]],
    ["maxWaiting", [-1, 1.5]],
    ["codel.target", [0, 2 ** 31]],
    ["order", ["lifo"]],
  ] as const
).flatMap(([option, values]) =>
  values.map((value) => ({
    option,
    value,
    make: (bad: never) => {
      const name = option.replace("codel.target", "codel");
      return priorityLine({ priority, [name]: name === "codel" ? { target: bad } : bad });
    },
  })),
);

test.each<readonly [string, Partial<PriorityLineOptions<number>>, runs: number]>([
  ["three classes", { levels: 3 }, 1_000],
  ["a share of one half", { levels: 3, share: 0.5 }, 500],
  ["two who may wait", { levels: 3, maxWaiting: 2 }, 500],
  ["codel", { levels: 3, codel: { target: 2, interval: 10 } }, 1_000],
  ["the newest first", { levels: 1, order: "adaptive-lifo" }, 500],
  ["all of it", { levels: 2, maxWaiting: 3, codel: { target: 5, interval: 20 }, order: "adaptive-lifo" }, 3_000],
])("a semaphore with %s keeps every promise of the contract, under random schedules", async (_what, options, runs) => {
  const report = await checkContract(
    ({ clock }) => new Semaphore(2, { clock, line: priorityLine<number>({ priority, clock, ...options }) }),
    { observes: true, orders: true, requests: [1, 2, 3], runs: schedules(runs), badOptions },
  );
  expect(report.ok ? "" : String(report)).toBe("");
});

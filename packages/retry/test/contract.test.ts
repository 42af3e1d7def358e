import { checkContract, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "../src/index.ts";

const none = exponentialBackoff({ base: 0, max: 0 });
const some = exponentialBackoff({ base: 10, max: 100, jitter: "decorrelated" });

test.each<readonly [name: string, make: MakeLayer]>([
  ["at once", ({ clock }) => retry(retryPolicy({ maxRetries: 2, backoff: none }), { clock })],
  ["after a backoff", ({ clock }) => retry(retryPolicy({ maxRetries: 2, backoff: some }), { clock })],
  [
    "within a budget",
    ({ clock }) => {
      const budget = retryBudget({ ttl: 1_000, minPerSecond: 1, ratio: 0.5, clock });
      return retry(retryPolicy({ maxRetries: 3, backoff: some, budget }), { clock });
    },
  ],
  [
    "of copies",
    ({ clock }) =>
      retry(
        { ...retryPolicy({ maxRetries: 1, backoff: some }), cloneRequest: (request: number) => request },
        { clock },
      ),
  ],
  ["of nothing", ({ clock }) => retry(retryPolicy({ maxRetries: 5, retryIf: () => false }), { clock })],
])("retries %s keep every promise of the contract, under random schedules", async (_name, make) => {
  const report = await checkContract(make, {
    badOptions: [
      { option: "maxRetries", value: -1, make: (maxRetries: number) => retryPolicy({ maxRetries }) },
      { option: "policy", value: undefined, make: retry },
      { option: "clock", value: 5, make: (clock: never) => retry(retryPolicy({ maxRetries: 1 }), { clock }) },
    ],
    runs: 200,
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

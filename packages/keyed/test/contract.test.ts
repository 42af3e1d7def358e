import { Semaphore } from "@sluice/core";
import { schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { Keyed, keyed } from "../src/index.ts";

const key = (request: number): number | undefined => (request === 3 ? undefined : request % 3);
const gate = (): Semaphore => new Semaphore(1);

const badOptions: CheckOptions["badOptions"] = [
  ...[0, 1.5, Number.NaN, "2"].map((value) => ({
    option: "maxKeys",
    value,
    make: (maxKeys: never) => keyed({ key, gate, maxKeys }),
  })),
  { option: "key", value: 5, make: (bad: never) => keyed({ key: bad, gate }) },
  { option: "gate", value: 5, make: (bad: never) => keyed({ key, gate: bad }) },
  { option: "whenFull", value: "wait", make: (whenFull: never) => keyed({ key, gate, whenFull }) },
];

test.each<readonly [string, Parameters<typeof keyed<number, number>>[0], readonly number[]]>([
  ["a key for each request", { key: (request) => request, gate }, [1, 2, 3]],
  ["two slots for each key", { key: (request) => request, gate: () => new Semaphore(2) }, [1, 2]],
  ["several requests of a key, and one without", { key, gate }, [1, 2, 3, 4, 5]],
  ["one gate for those that there is no place for", { key, gate, maxKeys: 1, whenFull: "share" }, [1, 2, 4]],
])("with %s it keeps every promise of the contract, under 3,000 random schedules", async (_what, options, requests) => {
  const report = await checkContract(() => keyed(options), {
    observes: true,
    requests,
    runs: schedules(3_000),
    badOptions,
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

test("so does the gate alone", async () => {
  const report = await checkContract(() => new Keyed({ key, gate }), {
    observes: true,
    requests: [1, 2, 4],
    runs: schedules(500),
  });
  expect(report.ok ? "" : String(report)).toBe("");
});

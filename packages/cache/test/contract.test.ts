import { checkContract } from "@sluice/testing/contract";
import { describe, expect, test } from "vitest";
import { coalesce } from "../src/index.ts";

describe("coalesce keeps every promise of the contract, under 3,000 random schedules,", () => {
  test.each<readonly [string, (request: number) => unknown, readonly number[]]>([
    ["with a key for each request", (request) => request, [1, 2, 3]],
    [
      "with several requests of a key, and one without",
      (request) => (request === 5 ? undefined : request % 2),
      [1, 2, 3, 4, 5],
    ],
    ["with one key", () => "all", [1, 2]],
  ])("%s", async (_what, key, requests) => {
    const report = await checkContract(({ clock }) => coalesce({ key, clock }), {
      answers: true,
      requests,
      runs: 3_000,
      badOptions: [{ option: "key", value: 5, make: (bad: never) => coalesce({ key: bad }) }],
    });
    expect(report.ok ? "" : String(report)).toBe("");
  });
});

import { schedules } from "@sluice/test-kit";
import { checkContract } from "@sluice/testing/contract";
import { describe, expect, test } from "vitest";
import { cache, type CacheOptions, coalesce } from "../src/index.ts";

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
      runs: schedules(3_000),
      badOptions: [{ option: "key", value: 5, make: (bad: never) => coalesce({ key: bad }) }],
    });
    expect(report.ok ? "" : String(report)).toBe("");
  });
});

describe("cache keeps every promise of the contract, under 3,000 random schedules,", () => {
  test.each<readonly [string, Partial<CacheOptions<number, unknown>>]>([
    ["with answers that are fresh for a while", { ttl: 5 }],
    ["with stale answers while revalidating", { ttl: 1, staleWhileRevalidate: 10 }],
    ["with stale answers on errors", { ttl: 1, staleIfError: 10 }],
    ["with both", { ttl: 1, staleWhileRevalidate: 2, staleIfError: 10 }],
  ])("%s", async (_what, options) => {
    const report = await checkContract(
      ({ clock }) => cache<number>({ key: (request) => request % 2, ttl: 1, ...options, clock }),
      {
        answers: true,
        requests: [1, 2, 3],
        runs: schedules(3_000),
        badOptions: [
          { option: "ttl", value: -1, make: (ttl: number) => cache({ key: () => 1, ttl }) },
          { option: "max", value: 0, make: (max: number) => cache({ key: () => 1, ttl: 1, max }) },
          { option: "store", value: 5, make: (store: never) => cache({ key: () => 1, ttl: 1, store }) },
          { option: "cacheIf", value: 5, make: (cacheIf: never) => cache({ key: () => 1, ttl: 1, cacheIf }) },
        ],
      },
    );
    expect(report.ok ? "" : String(report)).toBe("");
  });
});

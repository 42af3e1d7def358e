import { expect, test } from "vitest";
import * as limitPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(limitPackage).sort()).toEqual([
    "FixedWindow",
    "Semaphore",
    "SlidingWindow",
    "TokenBucket",
    "concurrencyLimit",
    "rateLimit",
  ]);
});

import { expect, test } from "vitest";
import * as limitSharedPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(limitSharedPackage).sort()).toEqual([
    "SharedRate",
    "SharedSemaphore",
    "StoreDownError",
    "isStoreDownError",
    "memoryStore",
    "sharedConcurrencyLimit",
    "sharedRateLimit",
  ]);
});

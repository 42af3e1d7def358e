import { expect, test } from "vitest";
import * as retryPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(retryPackage).sort()).toEqual([
    "exponentialBackoff",
    "isIdempotent",
    "retry",
    "retryBudget",
    "retryPolicy",
  ]);
});

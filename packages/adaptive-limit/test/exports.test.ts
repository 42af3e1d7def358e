import { expect, test } from "vitest";
import * as adaptiveLimitPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(adaptiveLimitPackage).sort()).toEqual([
    "AdaptiveLimit",
    "adaptiveLimit",
    "aimd",
    "gradient",
    "vegas",
  ]);
});

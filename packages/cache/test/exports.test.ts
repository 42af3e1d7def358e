import { expect, test } from "vitest";
import * as cachePackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(cachePackage).sort()).toEqual(["cache", "coalesce"]);
});

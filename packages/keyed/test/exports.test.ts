import { expect, test } from "vitest";
import * as keyedPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(keyedPackage).sort()).toEqual(["Keyed", "keyed"]);
});

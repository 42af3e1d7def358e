import { expect, test } from "vitest";
import * as testingPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(testingPackage).sort()).toEqual(["testing"]);
});

import { expect, test } from "vitest";
import * as describePackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(describePackage).sort()).toEqual(["describe"]);
});

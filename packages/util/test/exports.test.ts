import { expect, test } from "vitest";
import * as utilPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(utilPackage).sort()).toEqual(["util"]);
});

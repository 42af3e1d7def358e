import { expect, test } from "vitest";
import * as corePackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(corePackage).sort()).toEqual(["core"]);
});

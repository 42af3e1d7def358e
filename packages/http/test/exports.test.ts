import { expect, test } from "vitest";
import * as httpPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(httpPackage).sort()).toEqual(["http"]);
});

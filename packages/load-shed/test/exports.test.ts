import * as core from "@sluice/core";
import { expect, test } from "vitest";
import * as loadShedPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(loadShedPackage).sort()).toEqual(["OverloadedError", "isOverloadedError", "loadShed"]);
});

test("its error is core's", () => {
  expect(loadShedPackage.OverloadedError).toBe(core.OverloadedError);
});

import { expect, test } from "vitest";
import * as throttlePackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(throttlePackage).sort()).toEqual(["Throttle", "throttle"]);
});

import { expect, test } from "vitest";
import * as timeoutPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(timeoutPackage).sort()).toEqual(["TimeoutError", "isTimeoutError", "timeout"]);
});

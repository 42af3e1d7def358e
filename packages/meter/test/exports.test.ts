import { expect, test } from "vitest";
import * as meterPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(meterPackage).sort()).toEqual(["meter", "meters", "toDiagnosticsChannel"]);
});

import { expect, test } from "vitest";
import * as tracePackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(tracePackage).sort()).toEqual(["currentRequestId", "currentTraceparent", "trace"]);
});

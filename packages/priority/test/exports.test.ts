import { expect, test } from "vitest";
import * as priorityPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(priorityPackage).sort()).toEqual(["priorityLine"]);
});

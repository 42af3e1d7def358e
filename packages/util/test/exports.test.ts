import { expect, test } from "vitest";
import * as utilPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(utilPackage).sort()).toEqual([
    "FilteredError",
    "andThen",
    "callAll",
    "either",
    "fallback",
    "filter",
    "isFilteredError",
    "mapFailure",
    "mapRequest",
    "mapResponse",
    "mapResult",
    "optional",
    "recover",
  ]);
});

test("none is called then: a module with one never finishes loading", () => {
  expect(utilPackage).not.toHaveProperty("then");
});

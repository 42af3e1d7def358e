import { expect, test } from "vitest";
import * as hedgePackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(hedgePackage).sort()).toEqual(["HedgeLostError", "hedge", "isHedgeLostError"]);
});

import { expect, test } from "vitest";
import * as hash from "../src/hash/index.ts";
import * as balancePackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(balancePackage).sort()).toEqual(["balance"]);
});

test("its entry point for keys exports these names and no others", () => {
  expect(Object.keys(hash).sort()).toEqual(["maglev", "ring"]);
});

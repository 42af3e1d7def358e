import { expect, test } from "vitest";
import * as contract from "../src/contract/index.ts";
import * as testing from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(testing).sort()).toEqual(["VirtualClock", "mockService"]);
});

test("the check of the contract is an entry point of its own", () => {
  expect(Object.keys(contract)).toEqual(["checkContract"]);
});

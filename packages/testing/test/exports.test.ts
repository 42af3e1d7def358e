import { expect, test } from "vitest";
import * as testing from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(testing).sort()).toEqual(["VirtualClock", "checkContract", "mockService"]);
});

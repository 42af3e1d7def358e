import { expect, test } from "vitest";
import * as reconnectPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(reconnectPackage).sort()).toEqual(["reconnect"]);
});

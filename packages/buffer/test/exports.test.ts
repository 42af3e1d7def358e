import { expect, test } from "vitest";
import * as bufferPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(bufferPackage).sort()).toEqual(["BufferClosedError", "buffer", "isBufferClosedError"]);
});

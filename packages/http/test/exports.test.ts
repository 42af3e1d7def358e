import { expect, test } from "vitest";
import * as httpPackage from "../src/index.ts";

const server = [
  "BodyTooLargeError",
  "answerFailures",
  "guard",
  "isBodyTooLargeError",
  "isReady",
  "limitBody",
  "problemResponse",
  "rateLimitFields",
  "toFetchHandler",
  "untilBodyEnds",
];

test("the package exports these names and no others", () => {
  expect(Object.keys(httpPackage).sort()).toEqual(server.sort());
});

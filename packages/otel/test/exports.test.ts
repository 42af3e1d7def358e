import { expect, test } from "vitest";
import * as otelPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(otelPackage).sort()).toEqual([
    "activeSpan",
    "defaultBoundaries",
    "meterProducer",
    "observeMeters",
    "span",
  ]);
});

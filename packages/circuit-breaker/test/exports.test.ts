import { expect, test } from "vitest";
import * as circuitBreakerPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(circuitBreakerPackage).sort()).toEqual([
    "CircuitBreaker",
    "CircuitOpenError",
    "circuitBreaker",
    "isCircuitOpenError",
  ]);
});

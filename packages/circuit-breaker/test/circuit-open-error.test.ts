import { isRefusal } from "@sluice/core";
import { expect, test } from "vitest";
import { CircuitOpenError, isCircuitOpenError } from "../src/index.ts";

test("without options it says that it is a refusal, and nothing more", () => {
  const error = new CircuitOpenError();
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe("Refused: the circuit is open.");
  expect(Object.fromEntries(Object.entries(error))).toEqual({
    code: "ERR_SLUICE_CIRCUIT_OPEN",
    layer: undefined,
    label: undefined,
    reason: "circuit",
    retryAfter: undefined,
    isolated: false,
  });
  expect("cause" in error).toBe(false);
  expect(isRefusal(error)).toBe(true);
});

test("it captures no stack trace, and is written as JSON without its cause", () => {
  const error = new CircuitOpenError("circuitBreaker", {
    label: "db",
    retryAfter: 5,
    isolated: true,
    cause: new Error("down"),
  });
  expect(error.stack).toBe("CircuitOpenError: Refused: the circuit is open.");
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: "CircuitOpenError",
    message: "Refused: the circuit is open.",
    code: "ERR_SLUICE_CIRCUIT_OPEN",
    layer: "circuitBreaker",
    label: "db",
    reason: "circuit",
    retryAfter: 5,
    isolated: true,
  });
});

test("the guard goes by the brand: one of another copy is one, and an error that looks like it is none", () => {
  const other = Object.create(Error.prototype, {
    [Symbol.for("@sluice/CircuitOpenError")]: { value: true },
  }) as unknown;
  expect(isCircuitOpenError(other)).toBe(true);
  expect(isCircuitOpenError({ name: "CircuitOpenError", code: "ERR_SLUICE_CIRCUIT_OPEN" })).toBe(false);
  expect(isCircuitOpenError(undefined)).toBe(false);
});

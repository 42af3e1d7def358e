import { describe, expect, test } from "vitest";
import { isTimeoutError, TimeoutError } from "../src/index.ts";

describe("a TimeoutError", () => {
  test.each([
    ["ready", 50, "Took too long: ready had 50 ms."],
    ["call", 100, "Took too long: call had 100 ms."],
    ["total", 120, "Took too long: total had 120 ms."],
    ["call", 0.5, "Took too long: call had 0.5 ms."],
    ["deadline", 7, "Took too long: deadline had 7 ms."],
    // What was left of it is a difference of two readings of the clock.
    ["deadline", 63.07711299999994, "Took too long: deadline had 63 ms."],
  ] as const)("of phase %s says which phase and how many ms", (phase, ms, message) => {
    const error = new TimeoutError(phase, ms);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "TimeoutError", code: "ERR_SLUICE_TIMEOUT", phase, ms, message });
  });

  test("is known by its brand, also when another copy of the package made it", () => {
    class Copy extends Error {}
    Object.defineProperty(Copy.prototype, Symbol.for("@sluice/TimeoutError"), { value: true });
    expect(isTimeoutError(new Copy())).toBe(true);
    expect(isTimeoutError(new TimeoutError("call", 1))).toBe(true);
  });

  test("is not the DOMException of the same name", () => {
    expect(isTimeoutError(new DOMException("", "TimeoutError"))).toBe(false);
    expect(isTimeoutError(undefined)).toBe(false);
  });
});

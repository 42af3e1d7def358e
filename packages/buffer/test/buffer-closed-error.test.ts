import { describe, expect, test, vi } from "vitest";
import { BufferClosedError, isBufferClosedError } from "../src/index.ts";

describe("BufferClosedError", () => {
  test("has a name, a code and a message", () => {
    const error = new BufferClosedError();
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("BufferClosedError");
    expect(error.code).toBe("ERR_SLUICE_BUFFER_CLOSED");
    expect(error.message).not.toBe("");
  });

  test("captures no stack trace, as every refusal", () => {
    expect(new BufferClosedError().stack).toBe("BufferClosedError: Refused: the buffer is closed.");
  });

  test("is known to another copy of the package", async () => {
    vi.resetModules();
    const copy = await import("../src/index.ts");
    const error = new copy.BufferClosedError();
    expect(error).not.toBeInstanceOf(BufferClosedError);
    expect(isBufferClosedError(error)).toBe(true);
  });

  test("is not taken for others", () => {
    for (const other of [new Error("closed"), { code: "ERR_SLUICE_BUFFER_CLOSED" }, undefined, null, "closed"]) {
      expect(isBufferClosedError(other)).toBe(false);
    }
  });
});

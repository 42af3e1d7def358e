import { describe, expect, test } from "vitest";
import { isOverloadedError, isPermitSpentError, isRefusal, OverloadedError, PermitSpentError } from "../src/index.ts";
import { brand, isBranded, SluiceError } from "../src/kit.ts";

describe.each([
  ["OverloadedError", new OverloadedError(), isOverloadedError, "ERR_SLUICE_OVERLOADED"],
  ["PermitSpentError", new PermitSpentError(), isPermitSpentError, "ERR_SLUICE_PERMIT_SPENT"],
] as const)("%s", (name, error, guard, code) => {
  test("is an Error with a name, a code and a message", () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, code });
    expect(error.message).not.toBe("");
    expect(error.stack).toMatch(new RegExp(`^${name}: ${error.message.slice(0, 10)}`));
  });

  test("is known by its guard, and nothing else is", () => {
    expect(guard(error)).toBe(true);
    const others = [new OverloadedError(), new PermitSpentError()].filter((other) => other.name !== name);
    for (const other of [...others, new Error(name), { name, code }, undefined, null, name, 5, () => 1]) {
      expect(guard(other)).toBe(false);
    }
  });

  test("is not what throws when it is looked at", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(guard(proxy)).toBe(false);
  });

  test("does not show its brand", () => {
    expect(Object.keys(error)).not.toContain("brand");
    expect(Object.getOwnPropertySymbols(error)).toEqual([]);
    expect(
      Object.prototype.propertyIsEnumerable.call(Object.getPrototypeOf(error), Symbol.for(`@sluice/${name}`)),
    ).toBe(false);
  });
});

test("an OverloadedError says who refused, and for how long, where that is known", () => {
  expect(new OverloadedError("limit", { retryAfter: 250 })).toMatchObject({ layer: "limit", retryAfter: 250 });
  expect(new OverloadedError()).toMatchObject({ layer: undefined, retryAfter: undefined });
});

test("an OverloadedError is for want of capacity, unless it says otherwise", () => {
  expect([new OverloadedError("limit").reason, new OverloadedError("limit", {}).reason]).toEqual([
    "capacity",
    "capacity",
  ]);
  expect(new OverloadedError("limit", { reason: "rate" }).reason).toBe("rate");
});

test("a subclass carries the brand of its class", () => {
  class Mine extends OverloadedError {}
  expect(isOverloadedError(new Mine("limit"))).toBe(true);
});

test("two copies of a class know each other by their brand's name", () => {
  class One extends Error {}
  class Two extends Error {}
  brand(One, { name: "test/Same" });
  brand(Two, { name: "test/Same" });
  expect([isBranded(new One(), "test/Same"), isBranded(new Two(), "test/Same")]).toEqual([true, true]);
  expect(isBranded(new One(), "test/Other")).toBe(false);
});

test("a class that a bundler renamed has the name of its brand, which is a name as any other", () => {
  class e extends SluiceError {
    readonly code = "TEST_QUOTA";
  }
  class QuotaError extends Error {}
  brand(e, { name: "QuotaError" });
  const nameOf = (of: object): unknown => Object.getOwnPropertyDescriptor(of, "name");
  expect(nameOf(e)).toEqual(nameOf(QuotaError));
  expect(nameOf(e.prototype)).toEqual({ ...(nameOf(Error.prototype) as object), value: "QuotaError" });
  expect(String(Object.assign(new e("No."), { name: "MyError" }))).toBe("MyError: No.");
});

test("a refusal has no stack trace of its own, and the next error has one", () => {
  const error = new OverloadedError("limit");
  expect(error.stack).toBe(`OverloadedError: ${error.message}`);
  expect(new Error("next").stack).toContain("errors.test.ts");
  expect(new PermitSpentError().stack).toContain("errors.test.ts");
});

test("a frozen Error keeps nobody from refusing", () => {
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")!;
  Object.defineProperty(Error, "stackTraceLimit", { value: 10, writable: false, configurable: true });
  try {
    expect(new OverloadedError("limit").stack).toContain("OverloadedError: ");
  } finally {
    Object.defineProperty(Error, "stackTraceLimit", limit);
  }
});

test("an engine that knows no limit of its traces is not given one", () => {
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")!;
  delete (Error as { stackTraceLimit?: number }).stackTraceLimit;
  try {
    expect(isOverloadedError(new OverloadedError("limit"))).toBe(true);
    expect("stackTraceLimit" in Error).toBe(false);
  } finally {
    Object.defineProperty(Error, "stackTraceLimit", limit);
  }
});

test("an error that another one led to has it as its cause, and one without shows none", () => {
  class OwnError extends SluiceError {
    readonly code = "TEST_OWN";
  }
  const cause = new Error("why");
  expect(new OwnError("No.", { cause }).cause).toBe(cause);
  // A logger that writes what is there would write "cause: undefined" with each.
  expect("cause" in new OwnError("No.")).toBe(false);
});

describe("isRefusal", () => {
  test("holds for errors that say that nothing was tried, of whichever copy", () => {
    class CircuitOpenError extends SluiceError {
      readonly code = "TEST_OPEN";
    }
    brand(CircuitOpenError, { name: "test/CircuitOpenError", refusal: true });
    expect([new OverloadedError(), new CircuitOpenError("open")].map(isRefusal)).toEqual([true, true]);
  });

  test("holds for nothing else", () => {
    for (const other of [new PermitSpentError(), new Error("no"), undefined, null, 5, { name: "OverloadedError" }]) {
      expect(isRefusal(other)).toBe(false);
    }
  });
});

describe("an error written by JSON.stringify", () => {
  test("has its name, code and message, and what it says", () => {
    const error = new OverloadedError("rateLimit", { reason: "rate", retryAfter: 20, label: "search" });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "OverloadedError",
      code: "ERR_SLUICE_OVERLOADED",
      message: error.message,
      layer: "rateLimit",
      label: "search",
      reason: "rate",
      retryAfter: 20,
    });
  });

  test("has the members of a class of one's own: text, numbers, and whether something is so", () => {
    class QuotaError extends SluiceError {
      readonly code = "TEST_QUOTA";
      readonly tenant = "a";
      readonly used = 0;
      readonly blocked = false;
    }
    const members = { code: "TEST_QUOTA", tenant: "a", used: 0, blocked: false };
    expect(JSON.parse(JSON.stringify(new QuotaError("No.")))).toEqual({ name: "Error", message: "No.", ...members });
  });

  test("leaves out what is no plain value, and never throws for it", () => {
    class KeyError extends SluiceError {
      readonly code = "TEST_KEY";
      readonly key: object = {};
      constructor() {
        super("No.", { cause: new Error("why") });
        Object.assign(this.key, { self: this.key });
      }
    }
    expect(JSON.parse(JSON.stringify(new KeyError()))).toEqual({ name: "Error", code: "TEST_KEY", message: "No." });
    expect(new KeyError().cause).toEqual(new Error("why"));
  });
});

import { describe, expect, test } from "vitest";
import { isOverloadedError, isPermitSpentError, OverloadedError, PermitSpentError } from "../src/index.ts";
import { brand, isBranded } from "../src/kit.ts";

describe.each([
  ["OverloadedError", new OverloadedError(), isOverloadedError, "ERR_SLUICE_OVERLOADED"],
  ["PermitSpentError", new PermitSpentError(), isPermitSpentError, "ERR_SLUICE_PERMIT_SPENT"],
] as const)("%s", (name, error, guard, code) => {
  test("is an Error with a name, a code and a message", () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, code });
    expect(error.message).not.toBe("");
    expect(error.stack).toContain("errors.test.ts");
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
  expect(new OverloadedError("limit", 250)).toMatchObject({ layer: "limit", retryAfter: 250 });
  expect(new OverloadedError()).toMatchObject({ layer: undefined, retryAfter: undefined });
});

test("a subclass carries the brand of its class", () => {
  class Mine extends OverloadedError {}
  expect(isOverloadedError(new Mine("limit"))).toBe(true);
});

test("two copies of a class know each other by their brand's name", () => {
  class One extends Error {}
  class Two extends Error {}
  brand(One.prototype, "test/Same");
  brand(Two.prototype, "test/Same");
  expect([isBranded(new One(), "test/Same"), isBranded(new Two(), "test/Same")]).toEqual([true, true]);
  expect(isBranded(new One(), "test/Other")).toBe(false);
});

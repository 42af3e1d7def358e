import { gate, identity, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { either, mapRequest, optional } from "../src/index.ts";

const add = mapRequest((n: number) => n + 1);
const double = mapRequest((n: number) => n * 2);
const inner = serviceFn((n: number) => n);

describe("either", () => {
  test("is the layer that the condition chooses", async () => {
    expect(
      await new ServiceBuilder()
        .layer(either(true, add, double))
        .service(inner)
        .call(5),
    ).toBe(6);
    expect(
      await new ServiceBuilder()
        .layer(either(false, add, double))
        .service(inner)
        .call(5),
    ).toBe(10);
  });

  test("keeps its name and its state: the same limit twice in a stack is refused", () => {
    const limit = gate(new Semaphore(1), { name: "limit" });
    const chosen = either(true, limit, identity());
    expect(chosen).toMatchObject({ name: "limit", state: limit.state });
    expect(() => new ServiceBuilder().layer(limit).layer(chosen).service(inner)).toThrow(TypeError);
  });

  test.each([
    [
      "a condition that is a function",
      () => either((() => true) as never, add, add),
      "condition must be true or false; received a function",
    ],
    ["a first layer that is none", () => either(true, 1 as never, add), "a must be a layer (with wrap); received 1"],
    [
      "a second layer that is none",
      () => either(true, add, {} as never),
      "b must be a layer (with wrap); received an object",
    ],
  ])("promise 14: refuses %s", (_what, make, message) => {
    expect(make).toThrow(new TypeError(`either: ${message}`));
  });
});

describe("optional", () => {
  test("is the layer that is there, itself", () => {
    expect(optional(add)).toBe(add);
  });

  test("without one changes nothing", () => {
    expect(optional(undefined).wrap(inner)).toBe(inner);
  });

  test("promise 14: refuses what is no layer", () => {
    expect(() => optional(null as never)).toThrow(
      new TypeError("optional: layer must be a layer or undefined (with wrap); received null"),
    );
  });
});

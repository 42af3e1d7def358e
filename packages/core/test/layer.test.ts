import { describe, expect, test, vi } from "vitest";
import { gate, identity, layerFn, Semaphore, type Service } from "../src/index.ts";
import { Foreign } from "./helper/foreign.ts";
import { answering, Leaf } from "./helper/leaf.ts";

const twice = /must not be held twice in one stack/;

describe("a layer from a function", () => {
  test("has its name, and wraps what it is given", () => {
    const inner = answering("inner");
    const outer = answering("outer");
    const wrap = vi.fn<(given: Service<unknown, unknown>) => typeof outer>(() => outer);
    const layer = layerFn("own", wrap);
    expect(layer.name).toBe("own");
    expect(layer.state).toBeUndefined();
    expect(layer.wrap(inner)).toBe(outer);
    expect(wrap).toHaveBeenCalledExactlyOnceWith(inner);
  });

  test("takes any service, also one of another's making", async () => {
    const layer = layerFn("own", (inner) => inner);
    expect(await layer.wrap(new Foreign(1)).call("x")).toBe("x");
  });

  test("identity changes nothing", () => {
    const { service } = new Leaf();
    expect(identity().wrap(service)).toBe(service);
    expect(identity().name).toBe("identity");
  });
});

test("JSON.stringify of a layer is its name and label, with or without the latter", () => {
  expect(JSON.stringify(layerFn("own", (inner) => inner))).toBe('{"name":"own"}');
  expect(JSON.parse(JSON.stringify(layerFn("own", (inner) => inner, {}, { label: "a" })))).toEqual({
    name: "own",
    label: "a",
  });
});

describe("one that holds state", () => {
  const stateful = (state: object) =>
    layerFn("own", (inner) => gate(new Semaphore(1), { name: "g" }).wrap(inner), state);

  test("must not stand twice in a stack", () => {
    const layer = stateful({});
    const once = layer.wrap(answering(1));
    expect(() => layer.wrap(once)).toThrow(TypeError);
    expect(() => layer.wrap(once)).toThrow(/^own: its state must not be held twice/);
  });

  test("nor with others in between", () => {
    const layer = stateful({});
    const other = stateful({});
    const once = identity().wrap(other.wrap(layer.wrap(answering(1))));
    expect(() => layer.wrap(once)).toThrow(twice);
    expect(() => other.wrap(once)).toThrow(twice);
  });

  test("nor may another layer with the same state", () => {
    const state = new Semaphore(1);
    const once = gate(state, { name: "one" }).wrap(answering(1));
    expect(() => gate(state, { name: "two" }).wrap(once)).toThrow(/^two: .*twice/);
  });

  test("nor inside a layer that is made of layers", () => {
    const limit = gate(new Semaphore(1), { name: "limit" });
    const both = layerFn("both", (inner) => identity().wrap(limit.wrap(inner)));
    expect(() => limit.wrap(both.wrap(answering(1)))).toThrow(twice);
    expect(() => both.wrap(limit.wrap(answering(1)))).toThrow(twice);
  });

  test("may stand in many stacks, and around one service many times", () => {
    const layer = stateful({});
    const inner = answering(1);
    expect(() => [layer.wrap(inner), layer.wrap(inner), layer.wrap(answering(2))]).not.toThrow();
  });

  test("leaves a service alone that it hands on as it is", () => {
    const layer = layerFn("sometimes", (inner) => inner, {});
    const inner = answering(1);
    layer.wrap(inner);
    expect(() => layer.wrap(inner)).not.toThrow();
  });
});

describe("promise 14: bad options", () => {
  test.each([undefined, null, "", 5, {}])("%o as a name", (name) => {
    expect(() => layerFn(name as never, (inner) => inner)).toThrow(TypeError);
    expect(() => layerFn(name as never, (inner) => inner)).toThrow(
      /^layerFn: name must be a non-empty string; received /,
    );
  });

  test.each([undefined, null, "wrap", {}])("%o as the function", (wrap) => {
    expect(() => layerFn("own", wrap as never)).toThrow(/^layerFn: wrap must be a function; received /);
  });

  test.each([null, 5, "state", true, Symbol("s")])("%o as the state", (state) => {
    expect(() => layerFn("own", (inner) => inner, state as never)).toThrow(TypeError);
    expect(() => layerFn("own", (inner) => inner, state as never)).toThrow(
      /^layerFn: state must be an object; received /,
    );
  });

  test.each([undefined, null, {}, () => 1, "service"])("%o as the service inside", (inner) => {
    expect(() => identity().wrap(inner as never)).toThrow(TypeError);
    expect(() => identity().wrap(inner as never)).toThrow(/^identity: the service inside must be a service/);
  });

  test("a function that answers with no service", () => {
    const layer = layerFn("own", () => undefined as never);
    expect(() => layer.wrap(answering(1))).toThrow(/^own: what wrap returns must be a service.* received undefined/);
  });
});

import { describe, expect, test, vi } from "vitest";
import {
  gate,
  identity,
  layerFn,
  madeOf,
  middleware,
  partsOf,
  Semaphore,
  type Service,
  serviceFn,
  ServiceBuilder,
} from "../src/index.ts";
import { answering } from "./helper/leaf.ts";

describe("partsOf", () => {
  test("leads from a service to its layers, outermost first, and to the leaf", () => {
    const outer = middleware("outer", (request, next) => next(request));
    const inner = gate(new Semaphore(3), { name: "inner", label: "db", traits: ["limits"], facts: { max: 3 } });
    const leaf = answering("ok");
    const service = new ServiceBuilder().layer(outer).layer(inner).service(leaf);
    const first = partsOf(service)!;
    if (!("layer" in first)) throw new Error("a layer");
    expect(first.layer).toBe(outer);
    const second = partsOf(first.inner)!;
    if (!("layer" in second)) throw new Error("a layer");
    expect(second.layer).toBe(inner);
    expect(second.layer.about).toEqual({ label: "db", traits: ["limits"], facts: { max: 3 } });
    expect(second.inner).toBe(leaf);
    expect(partsOf(leaf)).toMatchObject({ name: "serviceFn", about: { traits: ["ready"] } });
  });

  test("of a function it tells the name, and that nothing is inside", () => {
    const parts = partsOf(
      serviceFn(async function lookUp(name: string) {
        return name;
      }),
    )!;
    if ("layer" in parts) throw new Error("a function");
    expect(parts.name).toBe("serviceFn");
    expect(parts.about).toEqual({ label: "lookUp", traits: ["ready"] });
    expect([...parts.branches()]).toEqual([]);
  });

  test("knows nothing of a service of another make", () => {
    const foreign: Service<string, string> = {
      tryReady: () => undefined,
      ready: () => new Promise<never>(() => {}),
      call: () => new Promise<never>(() => {}),
    };
    expect(partsOf(foreign)).toBeUndefined();
  });

  test("names the layer value that has the counters, where a layer was spread into it", () => {
    const semaphore = new Semaphore(2);
    const limit = {
      ...gate(semaphore, { name: "limit" }),
      get active() {
        return semaphore.active;
      },
    };
    const parts = partsOf(new ServiceBuilder().layer(limit).service(answering(1)));
    expect(parts).toMatchObject({ layer: limit });
    expect(partsOf(limit.wrap.call(undefined, answering(1)))).toMatchObject({ layer: { name: "limit" } });
  });

  test("says nothing of a layer that does nothing", () => {
    const leaf = answering(1);
    expect(partsOf(identity().wrap(leaf))).toBe(partsOf(leaf));
  });

  test("is shared by two copies of this package", async () => {
    vi.resetModules();
    const copy = await import("../src/index.ts");
    const layer = layerFn("mine", () => serviceFn(() => 1));
    expect(copy.partsOf(layer.wrap(answering(1)))).toMatchObject({ layer });
  });
});

test("what combines services says its branches by madeOf", () => {
  const [a, b] = [answering("a"), answering("b")];
  const branches = () => Object.entries({ a, b });
  const service = madeOf(answering("c"), { name: "choice", about: { label: "mine" }, branches });
  expect(partsOf(service)).toEqual({ name: "choice", about: { label: "mine" }, branches });
  expect(() => madeOf({} as never, { name: "x", branches })).toThrow(
    "madeOf: service must be a service (with tryReady, ready, call); received an object",
  );
  expect(() => madeOf(answering("c"), 5 as never)).toThrow(
    new TypeError("madeOf: parts must be an object; received 5"),
  );
});

describe("a layer value", () => {
  test("is written by JSON.stringify as its name, label and counters, whatever it holds", () => {
    const state: { self?: object } = {};
    state.self = state;
    const layer = {
      ...layerFn("mine", (inner) => inner, state, { label: "db" }),
      get active() {
        return 3;
      },
      get open() {
        return true;
      },
    };
    expect(JSON.parse(JSON.stringify(layer))).toEqual({ name: "mine", label: "db", active: 3, open: true });
  });

  test("says of itself what it was made with, and later changes do not matter", () => {
    const facts = { max: 3 };
    const traits = ["limits"];
    const layer = middleware("mine", (request, next) => next(request), { label: "a", facts, traits });
    facts.max = 4;
    traits.push("sheds");
    expect(layer.about).toEqual({ label: "a", facts: { max: 3 }, traits: ["limits"] });
    expect(Object.isFrozen(layer.about)).toBe(true);
    expect(middleware("mine", (request, next) => next(request)).about).toBeUndefined();
  });

  test.each([
    [{ label: "" }, 'layerFn: label must be a non-empty string; received ""'],
    [{ traits: "limits" }, 'layerFn: traits must be an array of strings; received "limits"'],
    [{ facts: 5 }, "layerFn: facts must be an object; received 5"],
  ])("refuses %j", (about, message) => {
    expect(() => layerFn("mine", (inner) => inner, undefined, about as never)).toThrow(new TypeError(message));
  });

  test("refuses what cannot be read, by name", () => {
    const get = () => {
      throw new Error("not to be read");
    };
    const facts = Object.defineProperty({}, "max", { get, enumerable: true });
    const traits = Object.defineProperty(["limits"], 0, { get });
    for (const [about, message] of [
      [{ traits }, "layerFn: traits could not be read; received an array"],
      [{ traits: new Proxy([], { get }) }, "layerFn: traits could not be read; received a getter that throws"],
      [{ facts }, "layerFn: facts could not be read; received an object"],
    ] as const) {
      expect(() => layerFn("mine", (inner) => inner, undefined, about)).toThrow(new TypeError(message));
    }
  });
});

import { describe, expect, test } from "vitest";
import { gate, identity, layerFn, type Layer, middleware, Semaphore, serviceFn, ServiceBuilder } from "../src/index.ts";
import { answering } from "./helper/leaf.ts";

/** Marks the request on the way in, and the response on the way out. */
const marks = (name: string): Layer =>
  middleware(name, async (request, next) => `${await next(`${String(request)}>${name}`)}<${name}`);
const echo = () => serviceFn((request: unknown) => request);

describe("the first layer is the outermost", () => {
  test("a request passes them from top to bottom, a response from bottom to top", async () => {
    const service = new ServiceBuilder().layer(marks("a")).layer(marks("b")).layer(marks("c")).service(echo());
    expect(await service.call("x")).toBe("x>a>b>c<c<b<a");
  });

  test("describe names them in that order", () => {
    const builder = new ServiceBuilder()
      .layer(marks("a"))
      .layer(gate(new Semaphore(1), { name: "b" }))
      .layer(identity());
    expect(builder.describe()).toEqual(["a", "b", "identity"]);
  });

  test("each wraps once for each service", () => {
    const wrapped: string[] = [];
    const note = (name: string): Layer => layerFn(name, (inner) => (wrapped.push(name), inner));
    const builder = new ServiceBuilder().layer(note("a")).layer(note("b"));
    expect(wrapped).toEqual([]);
    builder.service(answering(1));
    expect(wrapped).toEqual(["b", "a"]);
    builder.serviceFn(() => 1);
    expect(wrapped).toEqual(["b", "a", "b", "a"]);
  });
});

describe("a builder is a value", () => {
  test("layer answers with another builder, and leaves this one as it is", async () => {
    const base = new ServiceBuilder().layer(marks("a"));
    const left = base.layer(marks("l"));
    const right = base.layer(marks("r"));
    expect(base.describe()).toEqual(["a"]);
    expect(await left.service(echo()).call("x")).toBe("x>a>l<l<a");
    expect(await right.service(echo()).call("x")).toBe("x>a>r<r<a");
    expect(await base.service(echo()).call("x")).toBe("x>a<a");
  });

  test("what describe answers with may be changed, to no effect", () => {
    const builder = new ServiceBuilder().layer(marks("a"));
    (builder.describe() as string[]).push("b");
    expect(builder.describe()).toEqual(["a"]);
  });

  test("undefined adds no layer", async () => {
    const builder = new ServiceBuilder().layer(undefined).layer(marks("a")).layer(undefined);
    expect(builder.describe()).toEqual(["a"]);
    expect(await builder.service(echo()).call("x")).toBe("x>a<a");
  });

  test("without layers, the service is what was given", () => {
    const service = answering(1);
    expect(new ServiceBuilder().service(service)).toBe(service);
  });
});

describe("one stateful layer twice in a stack", () => {
  const limit = () => gate(new Semaphore(1), { name: "limit" });

  test("throws, by whichever road", () => {
    const shared = limit();
    const builder = new ServiceBuilder().layer(shared).layer(marks("a")).layer(shared);
    for (const build of [() => builder.service(answering(1)), () => builder.serviceFn(() => 1)]) {
      expect(build).toThrow(TypeError);
      expect(build).toThrow(/^limit: its state must not be held twice/);
    }
  });

  test("throws, also when one of the two is in a service that was built before", () => {
    const shared = limit();
    const before = new ServiceBuilder()
      .layer(marks("a"))
      .layer(shared)
      .layer(limit())
      .serviceFn(() => 1);
    expect(() => new ServiceBuilder().layer(shared).layer(marks("b")).service(before)).toThrow(/twice/);
  });

  test("two layers of the same kind are fine, and so is a layer without state twice", async () => {
    const stateless = marks("a");
    const service = new ServiceBuilder()
      .layer(limit())
      .layer(stateless)
      .layer(limit())
      .layer(stateless)
      .service(echo());
    expect(await service.call("x")).toBe("x>a>a<a<a");
  });

  test("the same builder makes many services, which share the state", () => {
    const builder = new ServiceBuilder().layer(limit());
    const one = builder.service(answering(1));
    const two = builder.service(answering(2));
    const permit = one.tryReady();
    expect(two.tryReady()).toBeUndefined();
    permit?.release();
    expect(two.tryReady()).toBeDefined();
  });
});

describe("promise 14: what is no layer is refused at once", () => {
  test.each<[string, unknown]>([
    ["null", null],
    ["a function", () => 1],
    ["a string", "layer"],
    ["an object", {}],
    ["a wrap that is no function", { name: "x", wrap: 1 }],
    ["a layer without a name", { wrap: (inner: unknown) => inner }],
  ])("%s", (_, layer) => {
    expect(() => new ServiceBuilder().layer(layer as never)).toThrow(TypeError);
    expect(() => new ServiceBuilder().layer(layer as never)).toThrow(
      /^ServiceBuilder: (layer must be a layer \(with wrap\)|layer\.name must be a non-empty string); received /,
    );
  });

  test("a layer whose name cannot be read", () => {
    const layer = {
      wrap: (inner: unknown) => inner,
      get name(): never {
        throw new Error("from a getter");
      },
    };
    expect(() => new ServiceBuilder().layer(layer as never)).toThrow(/^ServiceBuilder: layer\.name could not be read/);
  });

  test("nor is what is no service", () => {
    expect(() => new ServiceBuilder().service(undefined as never)).toThrow(
      /^ServiceBuilder: service must be a service .*; received undefined/,
    );
    expect(() => new ServiceBuilder().serviceFn(5 as never)).toThrow(/handler must be a function; received 5/);
  });

  test("a layer of one's own making, from nothing, will do", async () => {
    const layer: Layer = { name: "own", wrap: (inner) => inner };
    expect(await new ServiceBuilder().layer(layer).service(echo()).call("x")).toBe("x");
  });
});

test("several layers in one call are refused, for all but the first would be dropped", () => {
  const layer = identity();
  expect(() => new ServiceBuilder().layer(...([layer, layer] as unknown as [typeof layer]))).toThrow(
    new TypeError("ServiceBuilder: layer must be one layer, in a call for each; received 2 at once"),
  );
});

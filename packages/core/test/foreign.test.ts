import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as core from "../src/index.ts";
import {
  events,
  gate,
  isOverloadedError,
  isPermitSpentError,
  middleware,
  OverloadedError,
  refuse,
  Semaphore,
  ServiceBuilder,
  takeRefusal,
} from "../src/index.ts";
import { leakWatch } from "../src/internal.ts";
import { Foreign } from "./helper/foreign.ts";
import { Leaf } from "./helper/leaf.ts";
import { stateOf, turn } from "@sluice/test-kit";

describe("a service of another's making", () => {
  const stack = (free: number) => {
    const foreign = new Foreign(free);
    const outer = new Semaphore(9);
    const inner = new Semaphore(9);
    const service = new ServiceBuilder()
      .layer(gate(outer, { name: "outer" }))
      .layer(middleware("through", (request, next, options) => next(request, options)))
      .layer(gate(inner, { name: "inner" }))
      .service(foreign);
    return { foreign, service, active: () => [outer.active, inner.active, foreign.held] };
  };

  test("inside our layers is reserved with the rest, and given back with it", () => {
    const { service, active } = stack(1);
    const permit = service.tryReady();
    expect(active()).toEqual([1, 1, 1]);
    expect(service.tryReady()).toBeUndefined();
    expect(active()).toEqual([1, 1, 1]);
    permit?.release();
    expect(active()).toEqual([0, 0, 0]);
  });

  test("is called through its permit, once", async () => {
    const { service, active, foreign } = stack(1);
    expect(await service.call("x")).toBe("x");
    expect(active()).toEqual([0, 0, 0]);
    expect(foreign.free).toBe(1);
  });

  test("is waited for, in its own line", async () => {
    const { service, foreign } = stack(1);
    const permit = service.tryReady();
    const calls = [service.call("a"), service.call("b")];
    expect(await stateOf(calls[0]!)).toBe("pending");
    expect(foreign.waiting).toBe(2);
    permit?.release();
    expect(await Promise.all(calls)).toEqual(["a", "b"]);
  });

  test("is told the request, the signal and the deadline", async () => {
    const { service, foreign } = stack(0);
    const ready = vi.spyOn(foreign, "ready");
    const controller = new AbortController();
    const call = service.call("a", { signal: controller.signal, deadline: 7 });
    expect(ready).toHaveBeenCalledExactlyOnceWith({ request: "a", signal: controller.signal, deadline: 7 });
    expect(foreign.asked).toContain("a");
    controller.abort("gone");
    await expect(call).rejects.toBe("gone");
  });

  test("that does not look at the signal keeps nobody who aborted waiting, and gets its permit back (promise 5)", async () => {
    const { service, foreign, active } = stack(1);
    const permit = service.tryReady();
    const controller = new AbortController();
    const call = service.call("a", { signal: controller.signal });
    expect(foreign.waiting).toBe(1);
    controller.abort("gone");
    await expect(call).rejects.toBe("gone");
    expect(active()).toEqual([1, 1, 1]);
    permit?.release();
    await turn();
    expect(active()).toEqual([0, 0, 0]);
    expect(foreign.free).toBe(1);
  });

  test("in whose ready the caller aborts keeps it from waiting, and gets its permit back (promise 5)", async () => {
    const { service, foreign, active } = stack(1);
    const permit = service.tryReady();
    const controller = new AbortController();
    const ready = foreign.ready.bind(foreign);
    vi.spyOn(foreign, "ready").mockImplementation((options) => {
      controller.abort("gone");
      return ready(options);
    });
    const call = service.call("a", { signal: controller.signal });
    expect(await stateOf(call)).toBe("rejected");
    await expect(call).rejects.toBe("gone");
    expect(active()).toEqual([1, 1, 1]);
    permit?.release();
    await turn();
    expect(active()).toEqual([0, 0, 0]);
    expect(foreign.free).toBe(1);
  });

  test("that has no room and says nothing of it is not taken for the layer that refused before", () => {
    const { service } = stack(0);
    expect(gate(new Semaphore(0), { name: "another" }).wrap(new Leaf().service).tryReady()).toBeUndefined();
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()).toBeUndefined();
  });

  test("that grants to a caller whose abort another listener kept from us gets its permit back (promise 5)", async () => {
    const { service, foreign, active } = stack(1);
    const permit = service.tryReady();
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => {
      event.stopImmediatePropagation();
    });
    const waiting = service.ready({ signal: controller.signal });
    controller.abort("gone");
    permit?.release();
    await expect(waiting).rejects.toBe("gone");
    expect(active()).toEqual([0, 0, 0]);
    expect(foreign.free).toBe(1);
  });

  test("that fails to be ready fails those who ask, and holds nothing", async () => {
    const { service, foreign, active } = stack(1);
    foreign.failure = new Error("down");
    expect(() => service.tryReady()).toThrow("down");
    await expect(service.call("x")).rejects.toBe(foreign.failure);
    await expect(service.ready()).rejects.toBe(foreign.failure);
    expect(active()).toEqual([0, 0, 0]);
  });

  test("that fails while somebody waits, likewise", async () => {
    const { service, foreign, active } = stack(0);
    const error = new Error("down");
    vi.spyOn(foreign, "ready").mockRejectedValue(error);
    await expect(service.call("x")).rejects.toBe(error);
    await expect(service.call("x", { signal: new AbortController().signal })).rejects.toBe(error);
    expect(active()).toEqual([0, 0, 0]);
  });

  test("that fails when called, likewise", async () => {
    const { service, foreign, active } = stack(1);
    foreign.handler = () => Promise.reject(new Error("no"));
    await expect(service.call("x")).rejects.toThrow("no");
    expect(active()).toEqual([0, 0, 0]);
    expect(foreign.free).toBe(1);
  });
});

describe("a service from another copy of this package", () => {
  let copy: typeof core;
  beforeEach(async () => {
    vi.resetModules();
    copy = await import("../src/index.ts");
  });

  test("is another one", () => {
    expect(copy.gate).not.toBe(gate);
    expect(copy.Service).not.toBe(Object.getPrototypeOf(Foreign));
  });

  test("stands inside our layers, and ours inside its: places are held all the way down, and come back", async () => {
    const leaf = new Leaf();
    const semaphores = [new copy.Semaphore(1), new Semaphore(1), new copy.Semaphore(1)] as const;
    const service = copy
      .gate(semaphores[0], { name: "outer" })
      .wrap(
        gate(semaphores[1], { name: "middle" }).wrap(copy.gate(semaphores[2], { name: "inner" }).wrap(leaf.service)),
      );
    const active = (): number[] => semaphores.map((semaphore) => semaphore.active);
    const permit = service.tryReady();
    expect(active()).toEqual([1, 1, 1]);
    const waiting = service.call("x");
    permit?.release();
    await turn();
    expect(leaf.last.request).toBe("x");
    leaf.last.respond("y");
    expect(await waiting).toBe("y");
    expect(active()).toEqual([0, 0, 0]);
  });

  test("hands work up to both copies' gates", async () => {
    const leaf = new Leaf();
    const outer = new copy.Semaphore(1);
    const inner = new Semaphore(1);
    const service = copy
      .gate(outer, { name: "outer" })
      .wrap(
        copy
          .middleware("early", (request, next, options) => (void next(request, options), "early"))
          .wrap(gate(inner, { name: "inner" }).wrap(leaf.service)),
      );
    expect(await service.call("x")).toBe("early");
    await turn();
    expect([outer.active, inner.active]).toEqual([1, 1]);
    leaf.last.respond();
    await turn();
    expect([outer.active, inner.active]).toEqual([0, 0]);
  });

  test("an abort in line is prompt through both", async () => {
    const outer = new copy.Semaphore(1);
    const service = copy
      .gate(outer, { name: "outer" })
      .wrap(gate(new Semaphore(0), { name: "inner" }).wrap(new Leaf().service));
    const controller = new AbortController();
    const call = service.call("x", { signal: controller.signal });
    expect(outer.active).toBe(1);
    controller.abort("gone");
    await expect(call).rejects.toBe("gone");
    expect(outer.active).toBe(0);
  });

  test("knows our errors, and we know its", () => {
    expect(isOverloadedError(new copy.OverloadedError())).toBe(true);
    expect(copy.isOverloadedError(new OverloadedError())).toBe(true);
    expect(new copy.OverloadedError()).not.toBeInstanceOf(OverloadedError);
  });

  test("leaves its refusals where ours are read", () => {
    takeRefusal();
    copy.gate(new copy.Semaphore(0), { name: "theirs" }).wrap(new Leaf().service).tryReady();
    expect(takeRefusal()).toMatchObject({ layer: "theirs", reason: "capacity", retryAfter: undefined });
  });

  test("its permits are spent once", async () => {
    const service = gate(new Semaphore(1), { name: "ours" }).wrap(
      copy.gate(new copy.Semaphore(1), { name: "theirs" }).wrap(copy.serviceFn(() => "ok")),
    );
    const permit = service.tryReady();
    expect(await permit?.call("x")).toBe("ok");
    await expect(permit?.call("x")).rejects.toSatisfy(isPermitSpentError);
    await expect(permit?.call("x")).rejects.toSatisfy(copy.isPermitSpentError);
  });
});

describe("what a copy of another version looks for under its name is there:", () => {
  const shared = (name: string): unknown => (globalThis as Record<symbol, unknown>)[Symbol.for(`@sluice/${name}`)];

  test("the events", () => {
    expect(shared("events")).toBe(events);
  });

  test("the last refusal", () => {
    refuse("ours", { retryAfter: 5 });
    expect(shared("refusal")).toMatchObject({ last: { layer: "ours", retryAfter: 5 } });
    takeRefusal();
  });

  test("what a service is made of", () => {
    const service = gate(new Semaphore(1), { name: "ours" }).wrap(new Leaf().service);
    expect((shared("parts") as WeakMap<object, unknown>).get(service)).toMatchObject({ layer: { name: "ours" } });
  });

  test("what a stack holds, so that no layer stands in it twice", () => {
    const semaphore = new Semaphore(1);
    const service = gate(semaphore, { name: "ours" }).wrap(new Leaf().service);
    expect((shared("states") as WeakMap<object, ReadonlySet<object>>).get(service)).toContain(semaphore);
  });

  test("the mark of a refusal, on the errors of this one", () => {
    expect(Reflect.get(new OverloadedError(), Symbol.for("sluice.refusal"))).toBe(true);
  });

  test("the watch for leaks", () => {
    expect(shared("leak-watch")).toBe(leakWatch);
  });
});

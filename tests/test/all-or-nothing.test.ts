import { type AnyLayer, gate, type Lease, type Service } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { type MockHandle, mockService, VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { andThen } from "@sluice/util";
import { describe, expect, test } from "vitest";
import { absorbing, eachLayer } from "./helper/each-layer.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";

/** A gate that has room, and records grants and releases. */
function logged(name: string, log: string[]): AnyLayer {
  const lease: Lease = {
    cancel: () => log.push(`-${name}`),
    finish: () => log.push(`.${name}`),
  };
  const enter = (): Lease => {
    log.push(`+${name}`);
    return lease;
  };
  return gate({ tryAcquire: enter, acquire: () => Promise.resolve(enter()) }, { name });
}

const failure = new Error("not ready");
/** These hold nothing inside before the call. */
const holding = Object.entries(eachLayer).filter(([name]) => !absorbing.includes(name));

describe.each(holding)("promise 9: with %s between two gates", (_name, make) => {
  interface World {
    readonly log: string[];
    readonly service: Service<string, string>;
    readonly handle: MockHandle<string, string>;
  }
  function world(): World {
    const [inner, handle] = mockService<string, string>();
    const log: string[] = [];
    const clock = new VirtualClock();
    const layers = [logged("a", log), make(clock), logged("b", log), timeout({ ready: 100, clock }), logged("c", log)];
    return { log, handle, service: stacked(layers, inner) };
  }

  test("a stack is acquired from the outermost inwards", () => {
    const { log, service } = world();
    permitOf(service, "x");
    expect(log).toEqual(["+a", "+b", "+c"]);
  });

  test("an unused permit is given back in reverse", () => {
    const { log, service } = world();
    permitOf(service, "x").release();
    expect(log).toEqual(["+a", "+b", "+c", "-c", "-b", "-a"]);
  });

  test("so is what was held when the innermost refuses, throws, fails or is given up on", async () => {
    const { log, service, handle } = world();
    const expectReverse = async (): Promise<void> => {
      await turn();
      expect(log.splice(0)).toEqual(["+a", "+b", "+c", "-c", "-b", "-a"]);
    };
    handle.allow(0);
    expect(service.tryReady("x")).toBeUndefined();
    await expectReverse();

    handle.sendFailure(failure);
    expect(() => service.tryReady("x")).toThrow(failure);
    await expectReverse();

    handle.sendFailure(failure);
    await expect(service.ready({ request: "x" })).rejects.toBe(failure);
    await expectReverse();

    const waiting = service.ready({ request: "x" });
    await turn();
    handle.sendFailure(failure);
    await expect(waiting).rejects.toBe(failure);
    await expectReverse();

    const controller = new AbortController();
    const aborted = service.ready({ request: "x", signal: controller.signal });
    controller.abort(failure);
    await expect(aborted).rejects.toBe(failure);
    await expectReverse();
  });
});

describe("promise 9: two services after each other", () => {
  test("both or neither, the first's given back last", () => {
    const [inner, handle] = mockService<string, string>();
    const log: string[] = [];
    const second = stacked([logged("second", log)], inner);
    const service = stacked([logged("outer", log), andThen(second), logged("first", log)], inner);
    permitOf(service, "x").release();
    expect(log.splice(0)).toEqual(["+outer", "+first", "+second", "-second", "-first", "-outer"]);
    handle.allow(1);
    expect(service.tryReady("x")).toBeUndefined();
    expect(log).toEqual(["+outer", "+first", "+second", "-second", "-first", "-outer"]);
    expect([handle.allowed, handle.reserved]).toEqual([1, 0]);
  });
});

test("promise 9: who is refused further in leaves the outer limits to others at once", async () => {
  const [outer, inner] = [concurrencyLimit(2), concurrencyLimit(1)];
  const [work, handle] = mockService<string, string>();
  const narrow = stacked([outer, inner], work);
  const wide = stacked([outer], work);
  const held = permitOf(narrow);
  expect(narrow.tryReady()).toBeUndefined();
  expect(outer.active).toBe(1);
  permitOf(wide).release();
  held.release();
  expect([outer.active, inner.active, handle.released]).toEqual([0, 0, 2]);
});

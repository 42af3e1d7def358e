import { describe, expect, test } from "vitest";
import { gate, Semaphore, serviceFn } from "../src/index.ts";
import { around, ask, nothing, noOptions, stackOf, stackService } from "../src/internal.ts";
import { Foreign } from "./helper/foreign.ts";
import { answering } from "./helper/leaf.ts";

describe("a service as layers see it", () => {
  test("is the stack it was made of, where it is one of ours", () => {
    const service = answering("ok");
    expect(stackOf(service)).toBe(service);
  });

  test("grants in the same turn where nobody has to wait, also through a service of another's making", () => {
    for (const service of [answering("ok"), new Foreign(1)]) {
      const told: string[] = [];
      ask(
        gateStack(service),
        {},
        (reservation) => {
          told.push("granted");
          reservation.cancel();
        },
        () => told.push("failed"),
      );
      expect(told).toEqual(["granted"]);
    }
  });

  test("fails in the same turn where it fails at once", () => {
    const foreign = new Foreign(1);
    foreign.failure = new Error("down");
    const told: unknown[] = [];
    ask(
      gateStack(foreign),
      {},
      () => told.push("granted"),
      (reason) => told.push(reason),
    );
    expect(told).toEqual([foreign.failure]);
  });

  test("is reserved from with the behaviour of a layer around it", async () => {
    const semaphore = new Semaphore(1);
    const inner = stackOf(gate(semaphore, { name: "limit" }).wrap(serviceFn((n: number) => n + 1)));
    const told: string[] = [];
    const service = stackService(
      around(inner, {
        start({ inner: rest }, request, options, edge) {
          told.push("start");
          return rest.start(request, options, edge);
        },
        cancel({ inner: rest }) {
          told.push("cancel");
          rest.cancel();
        },
      }),
    );
    service.tryReady()?.release();
    expect(await service.call(1)).toBe(2);
    const holder = semaphore.tryAcquire();
    expect(service.tryReady()).toBeUndefined();
    const waiting = service.call(2);
    holder?.cancel();
    expect(await waiting).toBe(3);
    expect(told).toEqual(["cancel", "start", "start"]);
    expect(semaphore.active).toBe(0);
  });

  test.each([
    ["a leaf", () => serviceFn((request: string) => request)],
    ["a limit", () => gate(new Semaphore(9), { name: "limit" }).wrap(serviceFn((request: string) => request))],
  ])("%s that several layers share is called through the layer that was asked", async (_of, make) => {
    const shared = make();
    const through = (name: string) =>
      stackService(
        around(stackOf(shared), {
          start: ({ inner }, request, options, edge) => inner.start(`${String(request)} by ${name}`, options, edge),
          cancel: ({ inner }) => inner.cancel(),
        }),
      );
    const [one, other] = [through("one"), through("other")];
    expect([await one.call("a"), await other.call("b"), await one.call("c")]).toEqual([
      "a by one",
      "b by other",
      "c by one",
    ]);
  });

  test("has nothing further in than its leaf", async () => {
    nothing.cancel();
    await expect(nothing.start("x", noOptions, true)).rejects.toThrow(TypeError);
  });
});

function gateStack(service: Parameters<typeof stackOf>[0]): ReturnType<typeof stackOf> {
  return stackOf(gate(new Semaphore(1), { name: "limit" }).wrap(service));
}

import { gate, type ReadyOptions, Semaphore, ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { mapRequest } from "../src/index.ts";

const around = (map: (request: string) => unknown) => {
  const [inner, handle] = mockService<unknown, string>();
  const ready = vi.spyOn(inner as unknown as { reserve(options: ReadyOptions): void }, "reserve");
  const tryReady = vi.spyOn(inner as unknown as { tryReserve(request: unknown): void }, "tryReserve");
  return { service: new ServiceBuilder().layer(mapRequest(map)).service(inner), handle, ready, tryReady };
};

describe("promise 10: precise when told", () => {
  test("the service inside reserves for what is called, also when the mapping answers otherwise each time", async () => {
    let count = 0;
    const { service, handle, tryReady } = around((name) => `${name}${++count}`);
    const permit = service.tryReady("a");
    expect(tryReady).toHaveBeenLastCalledWith("a1");
    void permit?.call("a");
    expect((await handle.nextRequest()).request).toBe("a1");
    expect(count).toBe(1);
  });

  test("so it does for those who wait, for whom the mapping may run again", async () => {
    let count = 0;
    const { service, handle, ready } = around((name) => `${name}${++count}`);
    handle.allow(0);
    void service.call("a");
    const [[asked]] = ready.mock.calls as [[ReadyOptions]];
    handle.allow(1);
    expect((await handle.nextRequest()).request).toBe(asked.request);
    expect(asked.request).toBe(`a${count}`);
  });

  test("a permit spent on another request maps that one", async () => {
    const { service, handle } = around((name) => name.length);
    void service.tryReady("a")?.call("four");
    expect((await handle.nextRequest()).request).toBe(4);
  });

  test("a reservation without a request is one inside, and maps at the call", async () => {
    const map = vi.fn<(name: string) => number>((name) => name.length);
    const { service, handle, tryReady, ready } = around(map);
    const permit = service.tryReady();
    expect(tryReady).toHaveBeenLastCalledWith(undefined);
    const waited = await service.ready();
    expect(ready.mock.lastCall?.[0].request).toBeUndefined();
    expect(map).not.toHaveBeenCalled();
    void permit?.call("four");
    expect((await handle.nextRequest()).request).toBe(4);
    waited.release();
  });

  test("a request that is mapped to undefined is called with undefined, and mapped once", async () => {
    const map = vi.fn<() => undefined>(() => undefined);
    const { service, handle } = around(map);
    void service.call("a");
    expect((await handle.nextRequest()).request).toBeUndefined();
    expect(map).toHaveBeenCalledTimes(1);
  });
});

describe("when the mapping throws", () => {
  const error = new Error("no such name");
  const throwing = () =>
    around((name) => {
      if (name === "bad") throw error;
      return name;
    });

  test("readiness fails with it, and nobody is asked", async () => {
    const { service, tryReady, ready } = throwing();
    expect(() => service.tryReady("bad")).toThrow(error);
    await expect(service.ready({ request: "bad" })).rejects.toBe(error);
    await expect(service.call("bad")).rejects.toBe(error);
    expect([tryReady, ready].map((spy) => spy.mock.calls)).toEqual([[], []]);
  });

  test("promise 3: at the call what was reserved inside is given back", async () => {
    const { service, handle } = throwing();
    await expect(service.tryReady("good")?.call("bad")).rejects.toBe(error);
    await expect(service.tryReady()?.call("bad")).rejects.toBe(error);
    expect([handle.reserved, handle.released, handle.calls]).toEqual([0, 2, 0]);
  });

  test("promise 9: so is what was reserved outside", async () => {
    const semaphore = new Semaphore(1);
    const { service } = throwing();
    const limited = new ServiceBuilder().layer(gate(semaphore, { name: "limit" })).service(service);
    expect(() => limited.tryReady("bad")).toThrow(error);
    await expect(limited.ready({ request: "bad" })).rejects.toBe(error);
    await expect(limited.tryReady("good")?.call("bad")).rejects.toBe(error);
    expect(semaphore.active).toBe(0);
  });
});

test("promise 14: the mapping must be a function", () => {
  expect(() => mapRequest(5 as never)).toThrow(new TypeError("mapRequest: map must be a function; received 5"));
});

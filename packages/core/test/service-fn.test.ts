import { describe, expect, test, vi } from "vitest";
import { raises, serviceFn } from "../src/index.ts";
import { thenable } from "./helper/thenable.ts";

describe("a service from a function", () => {
  test("is always ready, and its permits hold nothing", async () => {
    const service = serviceFn((n: number) => n + 1);
    const permits = [service.tryReady(), service.tryReady(1), await service.ready()];
    for (const permit of permits) expect(await permit?.call(1)).toBe(2);
    service.tryReady()?.release();
  });

  test("calls its function in the same turn, once, with the request", () => {
    const handler = vi.fn<(request: string) => number>(() => 1);
    void serviceFn(handler).call("request");
    expect(handler).toHaveBeenCalledOnce();
    expect(handler.mock.calls[0]).toEqual(["request", {}]);
  });

  test("always passes options, so that they can be taken apart", async () => {
    const service = serviceFn((_: string, { signal, deadline, waitUntil }) => [signal, deadline, waitUntil]);
    const none = [undefined, undefined, undefined];
    expect(await service.call("x")).toEqual(none);
    expect(await service.call("x", undefined)).toEqual(none);
    expect(await service.tryReady()?.call("x")).toEqual(none);
  });

  test("passes options on spreadable: own, enumerable, functions bound", async () => {
    const { signal } = new AbortController();
    const waitUntil = vi.fn<() => void>();
    const service = serviceFn((_: string, options) => ({ ...options }));
    expect(await service.call("x", { signal, deadline: 5, waitUntil })).toEqual({ signal, deadline: 5, waitUntil });
  });

  test("raises declares failures and does nothing", async () => {
    expect(await serviceFn(() => 1, raises<TypeError>()).call(undefined)).toBe(1);
    expect(raises()).toEqual({});
  });

  test.each([undefined, null, 1, "handler", {}])("refuses %o as its function", (handler) => {
    expect(() => serviceFn(handler as never)).toThrow(TypeError);
    expect(() => serviceFn(handler as never)).toThrow(/^serviceFn: handler must be a function; received /);
  });
});

describe("promise 7: whatever the function does is an answer or a rejection", () => {
  const cases: [string, () => unknown][] = [
    ["a value", () => "ok"],
    ["a promise", () => Promise.resolve("ok")],
    [
      "a thenable",
      () =>
        thenable((resolve) => {
          resolve("ok");
        }),
    ],
    [
      "a thenable that settles twice",
      () =>
        thenable((resolve, reject) => {
          resolve("ok");
          resolve("not ok");
          reject(new Error("not ok"));
        }),
    ],
  ];
  test.each(cases)("%s is the answer", async (_, handler) => {
    expect(await serviceFn(handler).call(undefined)).toBe("ok");
  });

  const error = new Error("broken");
  const failures: [string, () => unknown][] = [
    [
      "a throw",
      () => {
        throw error;
      },
    ],
    ["a rejection", () => Promise.reject(error)],
    [
      "a thenable whose then throws",
      () =>
        thenable(() => {
          throw error;
        }),
    ],
    [
      "a thenable whose then cannot be read",
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
        get then(): never {
          throw error;
        },
      }),
    ],
    [
      "a thenable that rejects",
      () =>
        thenable((_, reject) => {
          reject(error);
        }),
    ],
  ];
  test.each(failures)("%s is a rejection", async (_, handler) => {
    const service = serviceFn(handler);
    await expect(service.call(undefined)).rejects.toBe(error);
    await expect(service.tryReady()?.call(undefined)).rejects.toBe(error);
  });

  test.each([undefined, null, "a string", 0])("a rejection with %o stays what it is", async (reason) => {
    const service = serviceFn(() => Promise.reject(reason));
    await expect(service.call(undefined)).rejects.toBe(reason);
  });
});

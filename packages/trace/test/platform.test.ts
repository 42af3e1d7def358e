import { AsyncLocalStorage } from "node:async_hooks";
import { ServiceBuilder } from "@sluice/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const key = Symbol.for("@sluice/trace");
const shared = globalThis as Record<symbol, unknown>;
/** That of the process, which other copies of the package have found. */
let found: unknown;

beforeEach(() => {
  found = shared[key];
  delete shared[key];
  vi.resetModules();
  vi.stubGlobal("process", undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
  shared[key] = found;
});

describe("where the platform has no modules of Node.js", () => {
  test("and no async context, as in browsers: the package loads, and trace says what is missing", async () => {
    const { currentRequestId, currentTraceparent, trace } = await import("../src/index.ts");
    expect(() => trace()).toThrow(/this runtime has no AsyncLocalStorage.*nodejs_compat/);
    expect([currentRequestId(), currentTraceparent()]).toEqual([undefined, undefined]);
  });

  test("but a global AsyncLocalStorage, as in edge runtimes: calls have ids", async () => {
    vi.stubGlobal("AsyncLocalStorage", AsyncLocalStorage);
    const { currentRequestId, trace } = await import("../src/index.ts");
    const service = new ServiceBuilder().layer(trace({ generateId: () => "r1" })).serviceFn(async () => {
      await Promise.resolve();
      return currentRequestId();
    });
    expect(await service.call(undefined)).toBe("r1");
  });
});

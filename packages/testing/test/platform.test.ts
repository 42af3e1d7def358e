import { afterEach, describe, expect, test, vi } from "vitest";

/** As it was before a test replaced it. Nothing here is imported before: what all copies of core share is made by the first. */
const OwnSymbol = Symbol;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("where the platform has no Symbol.dispose", () => {
  /** `Symbol`, as in older browsers and in jsdom. */
  const symbol: unknown = new Proxy(() => {}, {
    apply: (_target, _this, [description]) => OwnSymbol(description as string),
    get: (_target, key) => (key === "dispose" ? undefined : (Reflect.get(OwnSymbol, key) as unknown)),
  });

  test("a layer that keeps its promises is found to keep them", async () => {
    vi.resetModules();
    vi.stubGlobal("Symbol", symbol);
    const { gate, Semaphore } = await import("@sluice/core");
    const { checkContract } = await import("../src/contract/index.ts");
    const report = await checkContract(({ clock }) => gate(new Semaphore(2, { clock }), { name: "slots" }), {
      runs: 20,
      seed: 1,
    });
    expect(report.broken).toEqual([]);
  });
});

import { afterEach, describe, expect, test, vi } from "vitest";

/** As it was before a test replaced it. Nothing here is imported before: what all copies of core share is made by the first. */
const OwnSymbol = Symbol;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("where the platform has no Symbol.dispose", () => {
  /** `Symbol`, as in browsers without explicit resource management and in the test environments of Jest and jsdom. */
  const symbol: unknown = new Proxy(() => {}, {
    apply: (_target, _this, [description]) => OwnSymbol(description as string),
    get: (_target, key) => (key === "dispose" ? undefined : (Reflect.get(OwnSymbol, key) as unknown)),
  });

  test("producers and observed meters are disposed of by the symbol that compilers of `using` take then", async () => {
    vi.resetModules();
    vi.stubGlobal("Symbol", symbol);
    const { events } = await import("@sluice/core");
    const { meterProducer, observeMeters } = await import("../src/index.ts");
    vi.unstubAllGlobals();
    for (const make of [meterProducer, observeMeters]) {
      const disposable = make();
      expect(events.listening).toBe(true);
      (disposable as unknown as Record<symbol, () => void>)[Symbol.for("Symbol.dispose")]!();
      expect(events.listening).toBe(false);
      expect("undefined" in disposable).toBe(false);
    }
  });
});

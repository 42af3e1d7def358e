import { afterEach, describe, expect, test, vi } from "vitest";

/** As it was before a test replaced it. Nothing here is imported before: what all copies of core share is made by the first. */
const OwnSymbol = Symbol;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("where the platform has no Symbol.dispose", () => {
  /** `Symbol`, as in the test environments of Jest and jsdom. */
  const symbol: unknown = new Proxy(() => {}, {
    apply: (_target, _this, [description]) => OwnSymbol(description as string),
    get: (_target, key) => (key === "dispose" ? undefined : (Reflect.get(OwnSymbol, key) as unknown)),
  });

  test("the outlet to diagnostics channels is disposed of by the symbol that compilers of `using` take then", async () => {
    vi.resetModules();
    vi.stubGlobal("Symbol", symbol);
    const { events } = await import("@sluice/core");
    const { toDiagnosticsChannel } = await import("../src/index.ts");
    vi.unstubAllGlobals();
    const outlet = toDiagnosticsChannel();
    expect(events.listening).toBe(true);
    (outlet as unknown as Record<symbol, () => void>)[Symbol.for("Symbol.dispose")]!();
    expect(events.listening).toBe(false);
    expect("undefined" in outlet).toBe(false);
  });
});

describe("where the platform has no weak references, as Workers of before May 2025", () => {
  test("the package loads, and meters are listed", async () => {
    vi.resetModules();
    vi.stubGlobal("WeakRef", undefined);
    vi.stubGlobal("FinalizationRegistry", undefined);
    const { meter, meters } = await import("../src/index.ts");
    const mine = meter("mine");
    expect([...meters()]).toContain(mine);
  });
});

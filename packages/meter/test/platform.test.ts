import { asInNewProcess, symbolWithoutDispose } from "@sluice/test-kit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

let bringBack: () => void;

beforeEach(() => {
  bringBack = asInNewProcess();
  vi.resetModules();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
  bringBack();
});

describe("where the platform has no Symbol.dispose", () => {
  test("the outlet to diagnostics channels is disposed of by the symbol that compilers of `using` take then", async () => {
    vi.stubGlobal("Symbol", symbolWithoutDispose);
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
    vi.stubGlobal("WeakRef", undefined);
    vi.stubGlobal("FinalizationRegistry", undefined);
    const { meter, meters } = await import("../src/index.ts");
    const mine = meter("mine");
    expect([...meters()]).toContain(mine);
  });
});

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
  test("producers and observed meters are disposed of by the symbol that compilers of `using` take then", async () => {
    vi.stubGlobal("Symbol", symbolWithoutDispose);
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

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
  test("a layer that keeps its promises is found to keep them", async () => {
    vi.stubGlobal("Symbol", symbolWithoutDispose);
    const { gate, Semaphore } = await import("@sluice/core");
    const { checkContract } = await import("../src/contract/index.ts");
    const report = await checkContract(({ clock }) => gate(new Semaphore(2, { clock }), { name: "slots" }), {
      runs: 20,
      seed: 1,
    });
    expect(report.broken).toEqual([]);
  });
});

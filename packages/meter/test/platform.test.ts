import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
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

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
  test("permits and subscriptions are disposed of by the symbol that compilers of `using` take then", async () => {
    vi.stubGlobal("Symbol", symbolWithoutDispose);
    const { events, gate, Semaphore, serviceFn } = await import("../src/index.ts");
    const { permit } = await import("../src/kit.ts");
    vi.unstubAllGlobals();
    // esbuild's helper and Babel's look here.
    const dispose = Symbol.for("Symbol.dispose");
    const disposeOf = (disposable: object): void => (disposable as Record<symbol, () => void>)[dispose]!();

    const semaphore = new Semaphore(1);
    const reserved = gate(semaphore, { name: "limit" })
      .wrap(serviceFn(() => 1))
      .tryReady()!;
    disposeOf(reserved);
    expect(semaphore.active).toBe(0);

    const release = vi.fn<() => void>();
    const own = permit((request: string) => request, release);
    disposeOf(own);
    expect(release).toHaveBeenCalledOnce();
    for (const each of [reserved, own]) expect("undefined" in each).toBe(false);

    const subscription = events.subscribe(() => {});
    expect(events.listening).toBe(true);
    disposeOf(subscription);
    expect(events.listening).toBe(false);
  });
});

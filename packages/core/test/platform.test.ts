import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

/** As it was before a test replaced it. */
const OwnSymbol = Symbol;

/** What all copies of core in a process share, which the first of them made. */
const global = globalThis as unknown as Record<symbol, unknown>;
const shared = Object.getOwnPropertySymbols(global).filter((key) => Symbol.keyFor(key)?.startsWith("@sluice/"));
const made = shared.map((key) => [key, global[key]] as const);

beforeEach(() => {
  for (const [key] of made) delete global[key];
});

afterEach(() => {
  for (const [key, value] of made) global[key] = value;
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("where the platform has no Symbol.dispose", () => {
  /** `Symbol`, as in browsers without explicit resource management and in jsdom. */
  const symbol: unknown = new Proxy(() => {}, {
    apply: (_target, _this, [description]) => OwnSymbol(description as string),
    get: (_target, key) => (key === "dispose" ? undefined : (Reflect.get(OwnSymbol, key) as unknown)),
  });

  test("permits and subscriptions are disposed of by the symbol that compilers of `using` take then", async () => {
    vi.resetModules();
    vi.stubGlobal("Symbol", symbol);
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

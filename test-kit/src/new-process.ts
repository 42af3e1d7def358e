const global = globalThis as unknown as Record<symbol, unknown>;

function shared(): symbol[] {
  return Object.getOwnPropertySymbols(global).filter((key) => Symbol.keyFor(key)?.startsWith("@sluice/"));
}

/**
 * Puts aside what all copies of Sluice in this process share, as if none had been loaded yet: the first copy makes it. Returns the function
 * that brings it back.
 */
export function asInNewProcess(): () => void {
  const made = shared().map((key) => [key, global[key]] as const);
  for (const [key] of made) delete global[key];
  return () => {
    for (const key of shared()) delete global[key];
    for (const [key, value] of made) global[key] = value;
  };
}

const OwnSymbol = Symbol;

/** `Symbol` without `dispose`, as in browsers without explicit resource management, in jsdom, and so in Jest's environment for it. */
export const symbolWithoutDispose: unknown = new Proxy(() => {}, {
  apply: (_target, _this, [description]) => OwnSymbol(description as string),
  get: (_target, key) => (key === "dispose" ? undefined : (Reflect.get(OwnSymbol, key) as unknown)),
});

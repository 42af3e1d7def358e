/** A revoked proxy: the engine throws on every operation. */
export function revoked(target: object = {}): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function refuse(): never {
  throw new Error("nobody may look");
}

/** A proxy whose traps all throw an error of their own. */
export function untouchable(): object {
  const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, refuse]));
  return new Proxy({}, traps);
}

const unprintable = { toString: refuse, valueOf: refuse, toJSON: refuse, [Symbol.toPrimitive]: refuse };

/** Numbers at all usual limits. */
export const oddNumbers: readonly number[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  -0.5,
  1e-9,
  2 ** -31,
  999,
  2 ** 31 - 1,
  2 ** 31 - 0.5,
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
];

/** Other values that may be passed by mistake or on purpose. */
export const oddValues: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  "",
  "5",
  "full",
  "both",
  "NaN",
  "info",
  "constructor",
  "__proto__",
  "x".repeat(1_000),
  0n,
  5n,
  -1n,
  Symbol("named"),
  Symbol(),
  Symbol.iterator,
  [],
  [5],
  {},
  Object.create(null),
  Object.freeze({}),
  new Date(5),
  new Number(5),
  new String("full"),
  { valueOf: () => 5 },
  /5/,
  new Map(),
  new Set([5]),
  new Error("no option"),
  Promise.resolve(5),
  unprintable,
  () => 5,
  async () => 5,
  class Odd extends Error {},
  revoked(),
  revoked([]),
  revoked(() => 5),
  untouchable(),
];

/** How an error message shows a value, as documented. */
export function shown(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "function") return "a function";
  if (typeof value === "string") return JSON.stringify(value).slice(0, 20);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object") return "a";
  // oxlint-disable-next-line typescript/no-base-to-string -- what is left is no object
  return String(value);
}

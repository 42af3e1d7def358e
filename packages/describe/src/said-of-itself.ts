import type { About, Trait } from "@sluice/core";

/*
 * What a layer says of itself is checked where it is made by core. It may have been replaced since, in a layer value that somebody spread:
 * so nothing here relies on it, and what cannot be read is left out.
 */

/** What `read` returns; undefined where it throws. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

export function labelOf(about: About | undefined): string | undefined {
  const label: unknown = readable(() => about?.label);
  return typeof label === "string" ? label : undefined;
}

export function traitsOf(about: About | undefined): readonly Trait[] {
  return readable(() => (about?.traits ?? []).filter((trait) => typeof trait === "string")) ?? [];
}

export function factsOf(about: About | undefined): Readonly<Record<string, string | number | boolean | undefined>> {
  const plain = readable(() =>
    Object.entries(about?.facts ?? {}).filter(([, fact]) =>
      ["string", "number", "boolean", "undefined"].includes(typeof fact),
    ),
  );
  return Object.fromEntries(plain ?? []);
}

/** What it counts: its members that are numbers. */
export function numbersOf(counting: object): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const key of readable(() => Object.keys(counting)) ?? []) {
    const value = readable(() => (counting as Record<string, unknown>)[key]);
    if (typeof value === "number") numbers[key] = value;
  }
  return numbers;
}

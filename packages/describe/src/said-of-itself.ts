import type { About, Trait } from "@sluice/core";
import { mostBranches } from "./figures.ts";

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

/** What it was made with, and which line its callers wait in, where that is one of its own: `line` is what {@link lineOf} says. */
export function factsWithLine(about: About | undefined, line: unknown): ReturnType<typeof factsOf> {
  const { name, label } = (line ?? {}) as { readonly name?: unknown; readonly label?: unknown };
  if (typeof name !== "string") return factsOf(about);
  return { ...factsOf(about), line: typeof label === "string" ? `${name} (${label})` : name };
}

/**
 * What it counts: its members that are numbers, those by name in its members that are maps, and those of the line in which its callers wait,
 * where that is one of its own: `line` is what {@link lineOf} says.
 */
export function numbersOf(counting: object, line: unknown): Readonly<Record<string, number>> {
  const members = readable(() => Object.keys(counting)) ?? [];
  const own = members.flatMap((key) =>
    numbersIn(
      readable(() => (counting as Record<string, unknown>)[key]),
      key,
    ),
  );
  return Object.fromEntries([...own, ...numbersWithin(line, "line")]);
}

type Figure = readonly [name: string, value: number];

/** A map may be one of many keys: the first of them stand for it. */
function numbersIn(member: unknown, name: string): readonly Figure[] {
  if (typeof member === "number") return [[name, member]];
  if (!(member instanceof Map)) return [];
  return Array.from(member as ReadonlyMap<unknown, unknown>)
    .slice(0, mostBranches)
    .flatMap(([key, value]) =>
      typeof key === "string" && typeof value === "number" ? [[`${name}.${key}`, value] as const] : [],
    );
}

/** What the line says of itself, as a logger writes it, which is plain values and ends somewhere; undefined where it says nothing. */
export function lineOf(counting: object): unknown {
  return readable(() => {
    const { line } = counting as { readonly line?: unknown };
    // Most have none, and a parse that throws takes longer than all else in a description.
    return line === undefined ? undefined : (JSON.parse(JSON.stringify(line)) as unknown);
  });
}

/** All that are numbers in a plain value, each by its path: `line.levels.0.waiting`. */
function numbersWithin(value: unknown, path: string): readonly Figure[] {
  if (typeof value === "number") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) => numbersWithin(inside, `${path}.${key}`));
}

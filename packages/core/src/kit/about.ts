import type { About } from "../contract/about.ts";
import { readOptions, requireArray, requireName, requireObject, show } from "./check.ts";

/**
 * The label of a layer, which may be left out.
 *
 * @throws TypeError when it is not a non-empty string
 */
export function requireLabel(owner: string, label: string | undefined): string | undefined {
  if (label !== undefined) requireName(owner, label, "label");
  return label;
}

/**
 * What a layer says of itself, checked, copied and frozen; undefined where it says nothing.
 *
 * @throws TypeError when `label` is not a non-empty string, `traits` is not an array, `facts` is not an object, or reading one
 *   of them throws
 */
export function requireAbout(owner: string, { label, traits, facts }: About): About | undefined {
  requireLabel(owner, label);
  if (traits !== undefined) requireArray(owner, "traits", traits, "an array of strings");
  if (facts !== undefined) requireObject(owner, "facts", facts);
  if (label === undefined && traits === undefined && facts === undefined) return undefined;
  return Object.freeze({
    label,
    traits: traits && copied(owner, "traits", traits, () => [...traits]),
    facts: facts && copied(owner, "facts", facts, () => ({ ...facts })),
  });
}

function copied<T>(owner: string, option: string, value: T, copy: () => T): Readonly<T> {
  try {
    return Object.freeze(copy());
  } catch (cause) {
    // A getter, or a proxy.
    throw new TypeError(`${owner}: ${option} could not be read; received ${show(value)}`, { cause });
  }
}

/** As {@link requireAbout}, of an object whose members are read once. */
export function readAbout(owner: string, about: About | undefined): About | undefined {
  return requireAbout(owner, readOptions(owner, about, ["label", "traits", "facts"]));
}

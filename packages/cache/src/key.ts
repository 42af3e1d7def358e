import { show } from "@sluice/core/kit";

/** Tells requests apart: those of one key have the same answer. Undefined: the request is left alone. */
export type KeyOf = (request: unknown) => unknown;

/**
 * `key`, checked: a promise is a key of its own each time, and would never be found again.
 *
 * @throws TypeError when it answers with a promise
 */
export function checkedKey(owner: string, key: KeyOf): KeyOf {
  return (request) => {
    const found = key(request);
    if (typeof found !== "object" || found === null || !isThenable(found)) return found;
    throw new TypeError(`${owner}: what key returns must be a key, and not a promise of one; received ${show(found)}`);
  };
}

/** Whether two keys are one, as in a `Map`. */
export function sameKey(one: unknown, other: unknown): boolean {
  return one === other || Object.is(one, other);
}

function isThenable(value: object): boolean {
  try {
    return typeof (value as { readonly then?: unknown }).then === "function";
  } catch {
    // Whatever it is, a `Map` can tell it apart.
    return false;
  }
}

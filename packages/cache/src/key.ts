import { requireNoPromise } from "@sluice/core/kit";

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
    requireNoPromise(owner, "key", "a key", found);
    return found;
  };
}

/** Whether two keys are one, as in a `Map`. */
export function sameKey(one: unknown, other: unknown): boolean {
  return one === other || Object.is(one, other);
}

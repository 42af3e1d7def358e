import { requireFunction, requireNumber, show } from "@sluice/core/kit";
import type { Placed } from "../consistent-hash.ts";

/** What all ways to go by a key have in common. */
export interface KeyOptions<in Req = any> {
  /** What a request goes by: a string or a number. Undefined: it may go to any endpoint. */
  readonly key: (request: Req) => string | number | undefined;
  /**
   * No endpoint has more than so many times the average of what is pending, for its weight: a number above 1. A request for one that has goes
   * to the next. After Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016). Default: no bound.
   */
  readonly boundedLoad?: number | undefined;
}

/** @throws TypeError | RangeError when an option is not in its range */
export function requireKeyOptions<Req>(owner: string, { key, boundedLoad }: Partial<KeyOptions<Req>>): KeyOptions<Req> {
  requireFunction(owner, "key", key);
  if (boundedLoad !== undefined) requireNumber(owner, "boundedLoad", boundedLoad, { min: 1, above: true });
  return { key: key!, boundedLoad };
}

/**
 * The name of an endpoint, by which it gets its places.
 *
 * @throws TypeError where it has no name that is the same in every process
 */
export function nameOf(owner: string, { key }: Placed): string {
  if (typeof key === "string" || typeof key === "number") return String(key);
  throw new TypeError(`${owner}: the key of an endpoint must be a string or a number; received ${show(key)}`);
}

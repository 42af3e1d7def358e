import { requireFunction, requireNumber, show } from "@sluice/core/kit";
import type { Placed } from "../consistent-hash.ts";

/** Options of {@link maglev} and {@link ring}. */
export interface KeyOptions<in Req = any> {
  /** The key of a request: a string or a number. Undefined: the request may go to any endpoint. */
  readonly key: (request: Req) => string | number | undefined;
  /**
   * How many times its share of what is pending at all endpoints in use an endpoint may have: a number above 1. Further requests go to the next endpoint. After
   * Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016). Default: no bound.
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
 * The name of an endpoint, from which its places are computed.
 *
 * @throws TypeError when its key is neither a string nor a number, so that the name would differ between processes
 */
export function nameOf(owner: string, { key }: Placed): string {
  if (typeof key === "string" || typeof key === "number") return String(key);
  throw new TypeError(`${owner}: the key of an endpoint must be a string or a number; received ${show(key)}`);
}

/** An answer as a store keeps it. A plain object: a store may weigh it, and must give back the very same. */
export interface CacheEntry<out Res = unknown> {
  /** The response. */
  readonly value: Res;
  /** When it came, in the clock's milliseconds, which go on from where they were when the clock is set back. */
  readonly at: number;
  /** The number of the call that it is the answer of: a later call has a higher one, of whichever layer of the process. */
  readonly start: number;
}

/**
 * Where answers are kept: what a `Map` has, and `lru-cache`, `quick-lru` and `tiny-lru`. Synchronous. It may forget whatever it likes, at any
 * time. What it throws is reported; the request is then a miss, or its answer is not kept.
 */
export interface CacheStore<Value> {
  /** The entry of a key, or undefined. */
  get(key: any): Value | undefined;
  /** Keeps an entry, in the place of one that is there. */
  set(key: any, value: Value): unknown;
  /** Removes the entry of a key, if there is one. */
  delete(key: any): unknown;
  /** Removes all entries. Without it `clear()` of the layer only forgets what is in flight. */
  clear?(): unknown;
}

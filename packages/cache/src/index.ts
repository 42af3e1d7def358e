/**
 * Keeps a stampede away from a service: `coalesce` makes one call for all who ask for the same at the same time, and `cache` keeps the
 * answer for a while, also past its time where the service cannot give another.
 *
 * @packageDocumentation
 */
export type { CacheLayer, CacheOptions, Caches } from "./cache.ts";
export { cache } from "./cache.ts";
export type { CacheEntry, CacheStore } from "./cache-store.ts";
export type { CoalesceLayer, CoalesceOptions } from "./coalesce.ts";
export { coalesce } from "./coalesce.ts";

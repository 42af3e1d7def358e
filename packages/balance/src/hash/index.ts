/**
 * Sends requests of one key to one endpoint, also while endpoints are added and deleted: for caches, sessions and shards.
 *
 * @packageDocumentation
 */
export type { KeyOptions } from "./key-options.ts";
export type { MaglevOptions } from "./maglev.ts";
export { maglev } from "./maglev.ts";
export type { RingOptions } from "./ring.ts";
export { ring } from "./ring.ts";

/**
 * A gate for each key: `keyed` limits each user, tenant or host on its own, in bounded memory. It makes a gate when a key is first used,
 * and forgets one that is idle when another key needs its place.
 *
 * @packageDocumentation
 */
export type { KeyedLayer, KeyedOptions } from "./keyed.ts";
export { keyed } from "./keyed.ts";
export type { KeyedGateOptions } from "./keyed-gate.ts";
export { Keyed } from "./keyed-gate.ts";

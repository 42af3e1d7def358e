/**
 * Hedged requests: a second one is sent when the first takes too long, and the first success is the answer.
 *
 * @packageDocumentation
 */
export type { Hedges, HedgeLayer } from "./hedge.ts";
export { hedge } from "./hedge.ts";
export { HedgeLostError, isHedgeLostError } from "./hedge-lost-error.ts";
export type { CloningHedgeOptions, HedgeBudget, HedgeOptions } from "./options.ts";

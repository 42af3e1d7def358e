/**
 * What the tests of all packages share: turns of the event loop, microtasks, promises that the test settles, and what a rate is to do, garbage. It
 * depends on nothing, so that core's tests can use it, too; what tests of layers need is in `@sluice/testing`.
 */
export { collectGarbage } from "./collect-garbage.ts";
export type { Deferred } from "./deferred.ts";
export { deferred } from "./deferred.ts";
export type { RateAlgorithm, RateRules } from "./rate-rules.ts";
export { excess, rooms } from "./rate-rules.ts";
export { hops, turn } from "./turns.ts";
export { unhandledIn } from "./unhandled.ts";
export { stateOf, watch } from "./watch.ts";

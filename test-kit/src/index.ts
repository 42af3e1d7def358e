/**
 * What the tests of all packages share: turns of the event loop, microtasks, and promises that the test settles. It
 * depends on nothing, so that core's tests can use it, too; what tests of layers need is in `@sluice/testing`.
 */
export type { Deferred } from "./deferred.ts";
export { deferred } from "./deferred.ts";
export { hops, turn } from "./turns.ts";
export { unhandledIn } from "./unhandled.ts";
export { stateOf, watch } from "./watch.ts";

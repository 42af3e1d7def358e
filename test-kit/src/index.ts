/**
 * Helpers for the tests of all packages: turns of the event loop, microtasks, promises that the test settles, random numbers from a seed,
 * garbage collection, the rules of a rate, a server on loopback, what a new process has, and descriptions of a package's layers and options. It has no
 * dependencies, so that core's tests can use it; helpers for tests of layers are in `@sluice/testing`.
 */
export { collectGarbage } from "./collect-garbage.ts";
export type { Deferred } from "./deferred.ts";
export { deferred } from "./deferred.ts";
export type { DocumentedRange } from "./documented-range.ts";
export {
  aBoolean,
  aClock,
  aFunction,
  aName,
  anArray,
  anObject,
  anything,
  aRecord,
  aString,
  count,
  delay,
  either,
  finite,
  longest,
  number,
  oneOf,
  only,
  optional,
  slots,
  span,
  tried,
  withMethods,
} from "./documented-range.ts";
export { everyLayer, everyOption } from "./every-package.ts";
export type { AnyLayer, Draw, DrawnLayer, LayerShape, LayerShapes } from "./layer-shape.ts";
export { heldBy, Transient } from "./layer-shape.ts";
export { asInNewProcess, symbolWithoutDispose } from "./new-process.ts";
export { oddNumbers, oddValues, revoked, shown, untouchable } from "./odd-values.ts";
export type { Every, OptionRow, OptionsRow, OptionTable } from "./option-table.ts";
export type { Loopback } from "./loopback.ts";
export { deadOrigin, failureOf, loopback } from "./loopback.ts";
export { randomFrom } from "./random.ts";
export type { RateAlgorithm, RateRules } from "./rate-rules.ts";
export { excess, rooms } from "./rate-rules.ts";
export { schedules } from "./schedules.ts";
export { seed } from "./seed.ts";
export { timersOfOurs } from "./timers-of-ours.ts";
export { hops, turn } from "./turns.ts";
export { unhandledIn } from "./unhandled.ts";
export { stateOf, watch } from "./watch.ts";

/**
 * What our packages share. Not for others: it may change in any release.
 */
export type { AbortListener } from "./abort.ts";
export { listen, unlisten } from "./abort.ts";
export { Alarm } from "./alarm.ts";
export { brand, isBranded } from "./brand.ts";
export type { NumberRange } from "./check.ts";
export {
  readOption,
  readOptions,
  requireArray,
  requireClock,
  requireDuration,
  requireFunction,
  requireMethods,
  requireNumber,
  requireOneOf,
  show,
} from "./check.ts";
export { isVirtual, longestTimer, timeOf } from "./clock.ts";
export { Holders } from "./holders.ts";
export { requireService } from "./layer.ts";
export type { Asked, Held } from "./leak-watch.ts";
export { leakWatch } from "./leak-watch.ts";
export { Line } from "./line.ts";
export { LinkedList, LinkedNode } from "./linked-list.ts";
export type { Observer } from "./observe.ts";
export { handUp, observe, report } from "./observe.ts";
export { promiseOf } from "./promise-of.ts";
export type { Behaviour } from "./reservation.ts";
export { nothing, Reservation } from "./reservation.ts";
export { noOptions, spentAlready } from "./service.ts";
export type { Stack } from "./stack.ts";
export { around, stackOf, stackService } from "./stack.ts";

/**
 * For authors of layers: what gates, lines and timers are made of. Under semver, as the rest of the package.
 *
 * @packageDocumentation
 */
export { callLayer } from "./compose/call-layer.ts";
export type { Holding, Questioner, QuestioningCaller } from "./compose/hold-layer.ts";
export { holdLayer } from "./compose/hold-layer.ts";
export type { Inside } from "./compose/inside.ts";
export { startObserved } from "./compose/inside.ts";
export { recoverReadiness } from "./compose/recover-readiness.ts";
export { abortReason, throwIfAborted } from "./contract/abort-reason.ts";
export { longestTimer } from "./contract/clock.ts";
export { dispose } from "./contract/dispose.ts";
export type { Classify, Ended, EndedCall } from "./gate/classify.ts";
export { classified, isGivenUp, verdictByDefault } from "./gate/classify.ts";
export type { SluiceErrorOptions } from "./errors/sluice-error.ts";
export { SluiceError } from "./errors/sluice-error.ts";
export { requireAbout, requireLabel } from "./kit/about.ts";
export type { AbortListener } from "./kit/abort.ts";
export { abortWith, listen, ownController, unlisten } from "./kit/abort.ts";
export type { AlarmOptions } from "./kit/alarm.ts";
export { Alarm } from "./kit/alarm.ts";
export type { Branding } from "./kit/brand.ts";
export { brand, isBranded } from "./kit/brand.ts";
export { timeOf } from "./kit/cached-time.ts";
export type { NumberRange } from "./kit/check.ts";
export {
  readOption,
  readOptions,
  requireArray,
  requireBoolean,
  requireClock,
  requireDuration,
  requireFunction,
  requireMethods,
  requireName,
  requireNear,
  requireNoPromise,
  requireNumber,
  requireObject,
  requireOneOf,
  requireService,
  show,
} from "./kit/check.ts";
export type { Waiter } from "./kit/line.ts";
export { Deadline, Deadlines } from "./kit/deadlines.ts";
export { Line } from "./kit/line.ts";
export { requireLine } from "./kit/require-line.ts";
export { failureCode, otherFailure } from "./kit/failure-code.ts";
export { LinkedList, LinkedNode } from "./kit/linked-list.ts";
export { nearestRank } from "./kit/nearest-rank.ts";
export { runOutside } from "./kit/outside.ts";
export { isOwnAbort } from "./kit/own-abort.ts";
export { processWide } from "./kit/process-wide.ts";
export { promiseOf } from "./kit/promise-of.ts";
export { report, tell } from "./kit/report.ts";
export { keepRequest } from "./kit/request-timers.ts";
export { SteadyTime, timerTolerance } from "./kit/steady-time.ts";
export { isTimeout } from "./kit/timed-out.ts";
export { permit } from "./stack/permit.ts";

/**
 * Gives up on a call that takes too long, and says so to the work. The caller is answered in time; the work is told by
 * its signal, and counted by every limit until it has really stopped.
 *
 * @packageDocumentation
 */
export type { TimeoutLayer, TimeoutOptions } from "./timeout.ts";
export { timeout } from "./timeout.ts";
export type { TimeoutPhase } from "./timeout-error.ts";
export { isTimeoutError, TimeoutError } from "./timeout-error.ts";

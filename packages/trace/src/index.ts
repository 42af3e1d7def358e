/**
 * Gives each call an id that any function below can read, and a place in a W3C trace, and writes how it went to a logger.
 *
 * @packageDocumentation
 */
export type { Logger, LogMethod } from "./logger.ts";
export type { SpanIds } from "./span.ts";
export { currentRequestId, currentTraceparent } from "./span.ts";
export type { TraceOptions } from "./trace.ts";
export { trace } from "./trace.ts";

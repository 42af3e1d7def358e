/**
 * A bounded queue in front of a service, so that callers find readiness where the inner service has none: requests wait
 * in order, an aborted one leaves at once, and the queue can be drained or closed.
 *
 * @packageDocumentation
 */
export type { BufferLayer, BufferOptions } from "./buffer.ts";
export { buffer } from "./buffer.ts";
export { BufferClosedError, isBufferClosedError } from "./buffer-closed-error.ts";

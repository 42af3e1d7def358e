/**
 * A circuit breaker: it stops calling a service that fails, and finds out with a few probes when it is back.
 *
 * @packageDocumentation
 */
export type { CircuitBreakerLayer } from "./circuit-breaker-layer.ts";
export { circuitBreaker } from "./circuit-breaker-layer.ts";
export type { CircuitChange } from "./circuit-breaker.ts";
export { CircuitBreaker } from "./circuit-breaker.ts";
export type { CircuitOpenErrorOptions } from "./circuit-open-error.ts";
export { CircuitOpenError, isCircuitOpenError } from "./circuit-open-error.ts";
export type { CircuitState } from "./circuit.ts";
export type { BreakBackoff } from "./break-length.ts";
export type { CircuitBreakerOptions, CircuitWindow } from "./options.ts";
export type { Verdict } from "./verdict.ts";

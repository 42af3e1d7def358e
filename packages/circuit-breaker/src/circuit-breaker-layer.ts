import { type Adds, gate, type Layer } from "@sluice/core";
import { CircuitBreaker, layerName } from "./circuit-breaker.ts";
import type { CircuitOpenError } from "./circuit-open-error.ts";
import type { CircuitState } from "./circuit.ts";
import type { CircuitBreakerOptions } from "./options.ts";

/**
 * A layer with a circuit breaker. One value is one circuit, for all the services that it wraps. They take requests and give responses that its
 * `classify` understands.
 */
export interface CircuitBreakerLayer<Req = unknown, Res = unknown> extends Layer<
  Adds<CircuitOpenError, Req, Res, "circuitBreaker">
> {
  /** Its state. The step from open to half-open is taken by the next caller who asks when the break is over. */
  readonly state: CircuitState;
  /** Calls in the window. */
  readonly calls: number;
  /** Those of them that failed; with fractions where `classify` gives some. */
  readonly failures: number;
  /** Those of them that were slow, or are in flight and slow by now. */
  readonly slow: number;
  /** Permits held, and calls that have no answer. */
  readonly active: number;
  /** Callers in line; 0 unless `whenOpen` is `"wait"`. */
  readonly waiting: number;
  /** How often it has opened. */
  readonly opened: number;
  /** How many were refused, from the beginning. */
  readonly refused: number;
  /** In how many milliseconds the break is over; undefined when it is not open. */
  readonly retryAfter: number | undefined;
  /**
   * Opens it by hand. Permits in hand stay good.
   *
   * @param ms for how long: milliseconds, above 0 to 2^31-1; default as long as `breakFor` says
   * @throws TypeError | RangeError when `ms` is not in its range
   */
  open(ms?: number): void;
  /** Closes it by hand, and forgets all that was counted. */
  close(): void;
  /** Admits no call until it is closed or opened by hand. Permits in hand are refused when they are called. */
  isolate(): void;
}

/**
 * Stops calling a service that fails, and finds out with a few probes when it works again.
 *
 * Closed, it admits calls and counts their outcomes. When too many of them fail or are slow, it opens: callers are refused immediately with
 * `CircuitOpenError`, which says in how many milliseconds the break is over. Then it is half-open: it admits `probes` callers, whose
 * permits are the probes. When as many have succeeded, it closes; when one fails, or does not settle for a whole break, it opens again. A
 * call counts only in the state in which it was admitted.
 *
 * A caller's abort and a refusal by an inner layer do not count as failures; both free the place of a probe immediately. An open circuit
 * sets no timer: the first caller after the break makes it half-open. With `whenOpen: "wait"` there is one timer, only while a caller
 * waits.
 *
 * The defaults are Hystrix's: 20 calls in 10 seconds, half of them failed, a break of 5 seconds, one probe.
 *
 * @example
 * const breaker = circuitBreaker({ label: "prices", failureRatio: 0.5, breakFor: 5_000 });
 * const service = new ServiceBuilder().layer(breaker).layer(timeout(200)).serviceFn(ask);
 * breaker.state; // "closed"
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function circuitBreaker<Req = unknown, Res = unknown>(
  options?: CircuitBreakerOptions<Req, Res>,
): CircuitBreakerLayer<Req, Res> {
  const breaker = new CircuitBreaker<Req, Res>(options, layerName);
  return {
    ...(gate(breaker, { name: layerName, ...breaker.about }) as Layer<any>),
    get state() {
      return breaker.state;
    },
    get calls() {
      return breaker.calls;
    },
    get failures() {
      return breaker.failures;
    },
    get slow() {
      return breaker.slow;
    },
    get active() {
      return breaker.active;
    },
    get waiting() {
      return breaker.waiting;
    },
    get opened() {
      return breaker.opened;
    },
    get refused() {
      return breaker.refused;
    },
    get retryAfter() {
      return breaker.retryAfter();
    },
    open(ms) {
      breaker.open(ms);
    },
    close() {
      breaker.close();
    },
    isolate() {
      breaker.isolate();
    },
  };
}

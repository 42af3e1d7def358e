import { gate, type GateOptions, type Layer, type MayAdd } from "@sluice/core";
import { readOptions, requireFunction } from "@sluice/core/kit";
import { AdaptiveLimit, type AdaptiveLimitGateOptions } from "./adaptive-limit-gate.ts";
import type { LimitAlgorithm } from "./limit-algorithm.ts";

/** Options of {@link adaptiveLimit}. */
export interface AdaptiveLimitOptions<Req = unknown, Err = never> extends AdaptiveLimitGateOptions<Req, Err> {
  /**
   * Holds the permit past the response, until the promise that it returns settles: until a streamed body has ended. The round trip then
   * goes on until there. Called once for each response; undefined holds nothing. Default: no longer than the call.
   */
  readonly until?: GateOptions["until"];
}

/** The layer that {@link adaptiveLimit} makes. One value is one limit, for all the services that it wraps. `Err` is what its `line` refuses with. */
export interface AdaptiveLimitLayer<Req = unknown, Err = never> extends Layer<MayAdd<Err, Req>> {
  /** How many calls are let in at once, now. */
  readonly limit: number;
  /** Permits held: those reserved, and those whose work has not settled. */
  readonly active: number;
  /** Callers in line. */
  readonly waiting: number;
  /** How many more permits there are right now. */
  readonly available: number;
  /** For how many milliseconds the longest holder has had its permit; 0 when none is held. */
  readonly oldest: number;
  /** The round trip of the last window, in milliseconds; undefined before the first. */
  readonly rtt: number | undefined;
  /** What the algorithm takes for a round trip without a queue, in milliseconds; undefined where it knows none. */
  readonly baseline: number | undefined;
  /** The option `line`, where there is one: with the counters that it may have. */
  readonly line: AdaptiveLimitOptions<Req, Err>["line"];
}

const name = "adaptiveLimit";

/**
 * A concurrency limit that finds itself: a semaphore whose size follows `algorithm`, by the round trips of calls, or by refusals and
 * timeouts. The rest wait in line. A round trip is from the start of a call until its work, and all that was registered with
 * `waitUntil`, has settled; waiting in line is none of it.
 *
 * @example
 * const limit = adaptiveLimit(vegas());
 * const service = new ServiceBuilder().layer(loadShed()).layer(limit).serviceFn(ask);
 * limit.limit; // what it has found
 *
 * @param algorithm `vegas()`, `gradient()`, `aimd()` or one of your own; each layer needs one of its own, for it has a state
 * @throws TypeError | RangeError when an option is not in its range
 */
export function adaptiveLimit<Req = unknown, Err = never>(
  algorithm: LimitAlgorithm,
  options?: AdaptiveLimitOptions<Req, Err>,
): AdaptiveLimitLayer<Req, Err> {
  const { until, ...rest } = readOptions(name, options, ["window", "classify", "line", "until", "clock", "label"]);
  if (until !== undefined) requireFunction(name, "until", until);
  const limit = new AdaptiveLimit<Req, Err>(algorithm, rest, name);
  const { label, min, max } = limit;
  const facts = { initial: limit.limit, min, max, ...(limit.bounded && { boundedLine: true }) };
  return {
    ...(gate(limit, { name, until, label, traits: ["limits"], facts }) as Layer<MayAdd<Err, Req>>),
    line: limit.line,
    get limit() {
      return limit.limit;
    },
    get active() {
      return limit.active;
    },
    get waiting() {
      return limit.waiting;
    },
    get available() {
      return limit.available;
    },
    get oldest() {
      return limit.oldest;
    },
    get rtt() {
      return limit.rtt;
    },
    get baseline() {
      return limit.baseline;
    },
  };
}

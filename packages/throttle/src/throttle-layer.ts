import { type Adds, gate, type Layer, type OverloadedError } from "@sluice/core";
import type { ThrottleOptions } from "./options.ts";
import { layerName, Throttle } from "./throttle.ts";

/**
 * A layer that refuses what the other side would refuse. One value counts for all the services that it wraps. They take requests and give
 * responses that its `classify` understands.
 */
export interface ThrottleLayer<Req = unknown, Res = unknown> extends Layer<
  Adds<OverloadedError, Req, Res, "throttle">
> {
  /** Requests in the window: answered, or refused here. */
  readonly requests: number;
  /** Those of them that the other side accepted. */
  readonly accepts: number;
  /** The share of callers that are refused now: 0 to `max`. */
  readonly probability: number;
  /** Permits held, and calls that have no answer. */
  readonly active: number;
  /** How many were refused here, from the beginning. */
  readonly refused: number;
}

/**
 * Refuses locally what the other side would refuse: cheaper than asking, and gentler than a circuit breaker, since it refuses a share of the
 * callers and not all of them.
 *
 * Of those who ask it refuses the share `min(max, max(0, (requests - k * accepts) / (requests + 1)))`, with the requests and the
 * accepted ones of the last `window`; the rest passes. So the other side goes on refusing `k - 1` for each one that it accepts, and no
 * more, whatever is offered. After Beyer et al., *Site Reliability Engineering*, chapter 21, "Handling Overload"; `max` is failsafe-go's.
 *
 * The refusal is an `OverloadedError` without `retryAfter`: there is a share, and no time. A permit that is released leaves no trace.
 *
 * @example
 * const service = new ServiceBuilder().layer(throttle({ k: 2 })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function throttle<Req = unknown, Res = unknown>(options?: ThrottleOptions<Req, Res>): ThrottleLayer<Req, Res> {
  const policy = new Throttle<Req, Res>(options, layerName);
  return {
    ...(gate(policy, { name: layerName, ...policy.about }) as Layer<any>),
    get requests() {
      return policy.requests;
    },
    get accepts() {
      return policy.accepts;
    },
    get probability() {
      return policy.probability;
    },
    get active() {
      return policy.active;
    },
    get refused() {
      return policy.refused;
    },
  };
}

import {
  type FailureOf,
  gate,
  type GivesOnly,
  type Kind,
  type Layer,
  type OverloadedError,
  type RequestOf,
  type ResponseOf,
  type Service,
  type TakesOnly,
} from "@sluice/core";
import type { ThrottleOptions } from "./options.ts";
import { layerName, Throttle } from "./throttle.ts";

/** Also fails with `OverloadedError`; for services whose requests and responses its `classify` understands. */
export interface Throttles<Req, Res> extends Kind {
  readonly "~asks"?: Req;
  readonly "~outer": TakesOnly<
    Req,
    this["~inner"],
    GivesOnly<
      Res,
      this["~inner"],
      Service<RequestOf<this["~inner"]>, ResponseOf<this["~inner"]>, FailureOf<this["~inner"]> | OverloadedError>,
      "throttle"
    >,
    "throttle"
  >;
}

/** A layer that refuses what the other side would refuse. One value counts for all the services that it wraps. */
export interface ThrottleLayer<Req = unknown, Res = unknown> extends Layer<Throttles<Req, Res>> {
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

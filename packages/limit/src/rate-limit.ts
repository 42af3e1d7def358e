import { type Adds, gate, type Layer, type OverloadedError } from "@sluice/core";
import { readOptions, requireOneOf } from "@sluice/core/kit";
import { type Counters, withCounters } from "./counters.ts";
import { FixedWindow } from "./fixed-window.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";

/** Options of {@link rateLimit}. */
export interface RateLimitOptions extends TokenBucketOptions {
  /**
   * `"sliding-window"` (default): never more than `limit` starts in any span of `interval`; remembers them.
   * `"token-bucket"`: at most `burst + limit * t / interval` in any time `t`; constant state.
   * `"fixed-window"`: constant state, and up to twice `limit` across an edge.
   */
  readonly algorithm?: "sliding-window" | "token-bucket" | "fixed-window" | undefined;
  /** For `"token-bucket"`: how many calls may start at once after a pause, 1 or more; default, and with the others, `limit`. */
  readonly burst?: number | undefined;
}

/**
 * A layer that limits how many calls start in a span of time. One value is one rate, for all the services that it wraps. Its `active`
 * permits are those whose calls have not started: they take up room until then. What runs is not counted.
 */
export interface RateLimit extends Layer<Adds<OverloadedError>>, Counters {
  /** How many calls may start in an `interval`. */
  readonly limit: number;
  /** The span of time, in milliseconds. */
  readonly interval: number;
}

/**
 * Limits how many calls start in a span of time; the others wait in line, first come, first served. A permit counts from its
 * reservation, so it can be used at any time; released unused, it does not count.
 *
 * A call that could not start by its `deadline` is refused immediately with `OverloadedError`, whose `retryAfter` says when
 * there will be room.
 *
 * @example
 * const rate = rateLimit({ limit: 100, interval: 60_000 });
 * const service = new ServiceBuilder().layer(rate).serviceFn(ask);
 * rate.available; // how many may start right now
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function rateLimit(options: RateLimitOptions): RateLimit {
  const names = ["algorithm", "limit", "interval", "burst", "label", "clock"] as const;
  const { algorithm = "sliding-window", ...rest } = readOptions(name, options, names);
  requireOneOf(name, "algorithm", algorithm, Object.keys(gates));
  const rate = new gates[algorithm](rest as TokenBucketOptions, name);
  const { limit, interval, label } = rate;
  const about = { label, traits: ["rates"], facts: { limit, interval, algorithm } };
  return withCounters({ ...gate(rate, { name, ...about }), limit, interval }, rate);
}

const name = "rateLimit";

const gates = { "sliding-window": SlidingWindow, "token-bucket": TokenBucket, "fixed-window": FixedWindow } as const;

import { readOptions, requireDuration, requireNumber } from "@sluice/core/kit";
import { type LimitBounds, requireBounds, within } from "./bounds.ts";
import type { LimitAlgorithm, LimitSample } from "./limit-algorithm.ts";

/** Options of {@link aimd}. */
export interface AimdOptions extends LimitBounds {
  /** What the limit is never above: a whole number, `min` or more, at most 2^53-1. Default 200. */
  readonly max?: number | undefined;
  /** What the limit is multiplied by on a step down: from 0.5 to below 1. Default 0.9. */
  readonly backoff?: number | undefined;
  /** A round trip above this is a step down, too: milliseconds, above 0 and at most 2^31-1. Default 5,000. */
  readonly timeout?: number | undefined;
}

/**
 * Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain 1989; the formula and the defaults are those of Netflix
 * concurrency-limits): one more after each window in which half of the limit or more was in use, and `backoff` times as many, rounded
 * down, after one in which a call was dropped or the round trip was above `timeout`.
 *
 * For a service that says when it is full: that refuses, or times out. It goes up until that happens.
 *
 * @example
 * const limit = adaptiveLimit(aimd({ timeout: 500 }));
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function aimd(options?: AimdOptions): LimitAlgorithm {
  return new Aimd(options);
}

class Aimd implements LimitAlgorithm {
  readonly min: number;
  readonly max: number;
  limit: number;
  private readonly backoff: number;
  private readonly timeout: number;

  constructor(options: AimdOptions | undefined) {
    const owner = "aimd";
    const read = readOptions(owner, options, ["initial", "min", "max", "backoff", "timeout"]);
    const { backoff = 0.9, timeout = 5_000 } = read;
    const { initial, min, max } = requireBounds(owner, read, 200);
    this.backoff = requireNumber(owner, "backoff", backoff, { min: 0.5, max: 1, below: true });
    this.timeout = requireDuration(owner, "timeout", timeout, { above: true });
    this.limit = initial;
    this.min = min;
    this.max = max;
  }

  sample({ rtt, inflight, dropped }: LimitSample): number {
    const { limit } = this;
    let next = limit;
    if (dropped || rtt > this.timeout) next = Math.floor(limit * this.backoff);
    else if (inflight * 2 >= limit) next = limit + 1;
    this.limit = within(next, this.min, this.max);
    return this.limit;
  }
}

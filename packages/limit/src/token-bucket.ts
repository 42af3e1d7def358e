import { Rate, type RateOptions } from "./rate.ts";

/** Options of {@link TokenBucket}. */
export interface TokenBucketOptions extends RateOptions {
  /** How many calls may start at once after a pause: a whole number from 1 to 2^53-1; default `limit`. */
  readonly burst?: number | undefined;
}

/**
 * At most `burst + limit * t / interval` starts in any time `t`: a bucket of `burst` tokens, full at first, that gains one
 * every `interval / limit`. Calls come evenly where a window would let them through in bunches. Constant state.
 *
 * It is the generic cell rate algorithm (GCRA) in its virtual-scheduling form, ITU-T I.371 and ATM Forum TM 4.0: a start is
 * let in when it is no earlier than its theoretical arrival time, less what a burst may be ahead of it.
 *
 * @example
 * const quota = new TokenBucket({ limit: 10, interval: 1_000, burst: 20 });
 * const service = new ServiceBuilder().layer(gate(quota, { name: "quota" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class TokenBucket extends Rate {
  /** When the bucket was last seen full. */
  private since = -Infinity;
  /** Starts from then on. The theoretical arrival time is `gained(starts)`: by counting, rounding errors do not add up. */
  private starts = 0;

  constructor(options: TokenBucketOptions, owner = "TokenBucket") {
    super(owner, options, true);
  }

  protected earliest(count: number, now: number): number {
    this.fill(now);
    return Math.max(now, this.gained(this.starts + count - this.most));
  }

  protected record(now: number): void {
    this.fill(now);
    this.starts++;
  }

  /** A bucket that is full by now gains nothing more: counting begins again. */
  private fill(now: number): void {
    if (this.gained(this.starts) > now) return;
    this.since = now;
    this.starts = 0;
  }

  /** When `tokens` have been gained. */
  private gained(tokens: number): number {
    return this.since + (tokens * this.interval) / this.limit;
  }
}

import { Rate, type RateOptions, requireRate } from "./rate.ts";

/**
 * At most `limit` starts in a window, and the next window begins with the first start after its end: tower's rate
 * limit. **Up to twice `limit` may start within one `interval`, across the edge of two windows**: a few calls early in
 * one window and the rest at its end, and then all of the next. Where the other side counts otherwise, use
 * `SlidingWindow`. Constant state; after an idle window the whole quota is there again.
 *
 * @example
 * const quota = new FixedWindow({ limit: 100, interval: 60_000 });
 * const service = new ServiceBuilder().layer(gate(quota, { name: "quota" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class FixedWindow extends Rate {
  protected readonly most: number;
  private readonly interval: number;
  /** When the window of the latest start ends. */
  private end = Number.NEGATIVE_INFINITY;
  /** Starts in that window. */
  private used = 0;

  constructor(options: RateOptions) {
    const { limit, interval, clock } = requireRate("FixedWindow", options);
    super(clock);
    this.most = limit;
    this.interval = interval;
  }

  protected room(now: number): number {
    return now < this.end ? this.most - this.used : this.most;
  }

  protected earliest(count: number, now: number): number {
    const room = this.room(now);
    if (count <= room) return now;
    const end = now < this.end ? this.end : now + this.interval;
    return end + Math.floor((count - room - 1) / this.most) * this.interval;
  }

  protected record(now: number): void {
    if (now >= this.end) {
      this.end = now + this.interval;
      this.used = 0;
    }
    this.used++;
  }
}

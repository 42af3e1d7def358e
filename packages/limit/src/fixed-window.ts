import { Rate, type RateOptions } from "./rate.ts";

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
  /** When the window of the latest start ends. */
  private end = -Infinity;
  /** Starts in that window. */
  private used = 0;

  constructor(options: RateOptions, owner = "FixedWindow") {
    super(owner, options);
  }

  protected earliest(count: number, now: number): number {
    const open = now < this.end;
    const nth = count - 1 + (open ? this.used : 0);
    if (nth < this.limit) return now;
    return (open ? this.end : now + this.interval) + (Math.floor(nth / this.limit) - 1) * this.interval;
  }

  protected record(now: number): void {
    if (now >= this.end) {
      this.end = now + this.interval;
      this.used = 0;
    }
    this.used++;
  }
}

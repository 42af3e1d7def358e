import { Rate, type RateOptions } from "./rate.ts";

/**
 * Never more than `limit` starts in any span `[t, t + interval)`, exactly: it remembers the starts of the last
 * `interval` (a sliding-window log), at most `limit` of them, in memory that grows as they come: 8 to 16 bytes each.
 *
 * @example
 * const quota = new SlidingWindow({ limit: 100, interval: 60_000 });
 * const service = new ServiceBuilder().layer(gate(quota, { name: "quota" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class SlidingWindow extends Rate {
  /** When each start will have left the window, the earliest at `head`. Those before it have left. */
  private readonly ends: number[] = [];
  private head = 0;

  constructor(options: RateOptions, owner = "SlidingWindow") {
    super(owner, options);
  }

  protected earliest(count: number, now: number): number {
    const { ends } = this;
    while ((ends[this.head] ?? Infinity) <= now) this.head++;
    // Forgets them once they are half of all, so that each start moves once on average; and a few at a time.
    if (this.head > 16 && this.head * 2 > ends.length) {
      ends.splice(0, this.head);
      this.head = 0;
    }
    const nth = ends.length - this.head + count - 1;
    if (nth < this.limit) return now;
    // Starts come in rounds of `limit`, each an interval after its like in the round before.
    const first = ends[this.head + (nth % this.limit)] ?? now + this.interval;
    return first + (Math.floor(nth / this.limit) - 1) * this.interval;
  }

  protected record(now: number): void {
    this.ends.push(now + this.interval);
  }
}

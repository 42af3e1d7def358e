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
    this.forget(now);
    const nth = count - 1 + this.ends.length - this.head;
    if (nth < this.limit) return now;
    // Starts come in rounds of `limit`, each an interval after its like in the round before.
    const first = this.ends[this.head + (nth % this.limit)] ?? now + this.interval;
    return first + (Math.floor(nth / this.limit) - 1) * this.interval;
  }

  protected record(now: number): void {
    this.ends.push(now + this.interval);
  }

  /** The starts that have left the window. */
  private forget(now: number): void {
    const { ends } = this;
    while (this.head < ends.length && (ends[this.head] as number) <= now) this.head++;
    // Once they are half of all, so that each moves at most once on average; and a few at least, for that costs.
    if (this.head > 16 && this.head * 2 > ends.length) {
      ends.splice(0, this.head);
      this.head = 0;
    }
  }
}

import { Rate, type RateOptions, requireRate } from "./rate.ts";

/**
 * Never more than `limit` starts in any span `[t, t + interval)`, exactly: it remembers the starts of the last
 * `interval` (a sliding-window log) and no more than `limit` of them, in a ring of eight bytes each that doubles as they
 * come.
 *
 * @example
 * const quota = new SlidingWindow({ limit: 100, interval: 60_000 });
 * const service = new ServiceBuilder().layer(gate(quota, { name: "quota" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class SlidingWindow extends Rate {
  protected readonly most: number;
  private readonly interval: number;
  /** A ring: when each start will have left the window, the earliest at `head`. */
  private ends: Float64Array = new Float64Array(8);
  private head = 0;
  private size = 0;

  constructor(options: RateOptions) {
    const { limit, interval, clock } = requireRate("SlidingWindow", options);
    super(clock);
    this.most = limit;
    this.interval = interval;
  }

  protected room(now: number): number {
    while (this.size > 0 && this.end(0) <= now) {
      this.head = (this.head + 1) % this.ends.length;
      this.size--;
    }
    return this.most - this.size;
  }

  protected earliest(count: number, now: number): number {
    if (count <= this.room(now)) return now;
    // Starts come in rounds of `limit`, each an interval after its like in the round before.
    const nth = this.size + count - 1;
    const place = nth % this.most;
    const first = place < this.size ? this.end(place) : now + this.interval;
    return first + (Math.floor(nth / this.most) - 1) * this.interval;
  }

  protected record(now: number): void {
    if (this.size === this.ends.length) this.grow();
    this.ends[(this.head + this.size) % this.ends.length] = now + this.interval;
    this.size++;
  }

  private end(place: number): number {
    return this.ends[(this.head + place) % this.ends.length] as number;
  }

  private grow(): void {
    const ends = new Float64Array(this.size * 2);
    for (let place = 0; place < this.size; place++) ends[place] = this.end(place);
    this.ends = ends;
    this.head = 0;
  }
}

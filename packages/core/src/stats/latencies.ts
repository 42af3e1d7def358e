import { requireDuration, requireNumber } from "../kit/check.ts";

/** Counters of each of the two histograms. */
const counters = 512;

/**
 * Quantiles of recent latencies: two logarithmic histograms that take turns, each for `period` milliseconds. So it knows the last one
 * to two periods, in constant memory (2 × 512 counters). It has no clock: times are handed in, in milliseconds.
 *
 * A quantile is the upper edge of its bucket: not below the true one, and at most `precision` above it, from 1 µs on.
 */
export class Latencies {
  private readonly period: number;
  private readonly base: number;
  private readonly scale: number;
  private current: Float64Array = new Float64Array(counters);
  private previous: Float64Array = new Float64Array(counters);
  private inCurrent = 0;
  private inPrevious = 0;
  private since: number | undefined;

  /**
   * @param period milliseconds, above 0 and at most 2^31-1
   * @param precision by how much a quantile may be too large, as a share: from 0.05 to 1; default 0.05. With 0.05 the counters reach
   *   from 1 µs to 18 hours; what is outside counts as the nearest
   * @throws TypeError | RangeError when one is not in its range
   */
  constructor(period: number, precision = 0.05) {
    this.period = requireDuration("Latencies", "period", period, { above: true });
    requireNumber("Latencies", "precision", precision, { min: 0.05, max: 1 });
    this.base = 1 + precision;
    this.scale = 1 / Math.log(this.base);
  }

  /** Adds a latency, in milliseconds, at `now`. */
  add(latency: number, now: number): void {
    this.move(now);
    this.current[this.bucketOf(latency)]!++;
    this.inCurrent++;
  }

  /** How many latencies it knows at `now`. */
  count(now: number): number {
    this.move(now);
    return this.inCurrent + this.inPrevious;
  }

  /**
   * The latency that the share `p` of those it knows at `now` does not exceed, in milliseconds; undefined where it knows none.
   *
   * @param p above 0, at most 1
   */
  quantile(p: number, now: number): number | undefined {
    requireNumber("Latencies.quantile", "p", p, { min: 0, max: 1, above: true });
    const count = this.count(now);
    if (count === 0) return undefined;
    let rank = Math.ceil(p * count);
    // The product is rounded: 0.07 of 100 would be 8.
    if ((rank - 1) / count >= p) rank--;
    let bucket = -1;
    while (rank > 0) {
      bucket++;
      rank -= this.current[bucket]! + this.previous[bucket]!;
    }
    return smallest * this.base ** bucket;
  }

  private bucketOf(latency: number): number {
    if (!(latency > smallest)) return 0;
    const bucket = Math.min(Math.ceil(Math.log(latency / smallest) * this.scale), counters - 1);
    // The logarithm is rounded: the edge itself decides, so that a quantile is never below the truth.
    return smallest * this.base ** bucket < latency ? Math.min(bucket + 1, counters - 1) : bucket;
  }

  /** Where a period is over, the histogram that is older is emptied for the next one. */
  private move(now: number): void {
    this.since ??= now;
    const passed = Math.floor((now - this.since) / this.period);
    if (passed <= 0) return;
    this.since += passed * this.period;
    [this.current, this.previous] = [this.previous, this.current];
    this.inPrevious = this.inCurrent;
    this.inCurrent = 0;
    this.current.fill(0);
    if (passed === 1) return;
    // Nothing came in the last whole period either.
    this.previous.fill(0);
    this.inPrevious = 0;
  }
}

/** The upper edge of the first bucket: a microsecond. */
const smallest = 0.001;

import { nearestRank, requireNumber } from "@sluice/core/kit";
import { ends, first, scale, size } from "./buckets.ts";

/** What a snapshot is made of. */
type Recorded = Pick<HistogramSnapshot, "count" | "sum" | "max" | "zero" | "offset" | "counts">;

/**
 * Durations as they had been recorded at one moment, in buckets of base 2^(1/8): scale 3 of OpenTelemetry, and schema 3 of Prometheus's
 * native histograms.
 */
export class HistogramSnapshot {
  /** How many there are. */
  readonly count: number;
  /** All together, in milliseconds. */
  readonly sum: number;
  /** The longest, in milliseconds; 0 where there is none. */
  readonly max: number;
  /** How many were no longer than 2^-20 s, a little less than a microsecond. They are in no bucket. */
  readonly zero: number;
  /** `counts[i]` is for the durations above 2^((offset + i) / 2^scale) seconds, up to and including 2^((offset + i + 1) / 2^scale). */
  readonly scale: number = scale;
  /** The index of the first of `counts`. */
  readonly offset: number;
  /** How many durations there are in each bucket, from the first that has one to the last. */
  readonly counts: readonly number[];

  /** @internal from a histogram, and from the difference of two */
  constructor({ count, sum, max, zero, offset, counts }: Recorded) {
    this.count = count;
    this.sum = sum;
    this.max = max;
    this.zero = zero;
    this.offset = offset;
    this.counts = counts;
  }

  /**
   * The duration that a share of all did not exceed: `quantile(0.99)`. It is in milliseconds, never below the truth, and at most 9.1 %
   * above it between 1 µs and 4 h. Undefined where there is none.
   *
   * @param q from 0 to 1
   * @throws TypeError | RangeError when `q` is out of range
   */
  quantile(q: number): number | undefined {
    requireNumber("quantile", "q", q, { min: 0, max: 1 });
    if (this.count === 0) return undefined;
    let left = Math.max(nearestRank(q, this.count), 1) - this.zero;
    if (left <= 0) return Math.min(ends[0]!, this.max);
    const bucket = this.counts.findIndex((count) => (left -= count) <= 0);
    return Math.min(upperEnd(this.offset + bucket), this.max);
  }

  /**
   * What was recorded since an earlier snapshot of the same histogram: for the quantiles of the last minute. Its `max` is the upper end
   * of the highest bucket, where the longest duration may be an older one.
   *
   * @param earlier of the same meter. Of another one the result means nothing
   */
  since(earlier: HistogramSnapshot): HistogramSnapshot {
    const before = (index: number): number => earlier.counts[this.offset + index - earlier.offset] ?? 0;
    const recent = trimmed(
      this.counts.map((count, index) => count - before(index)),
      this.offset,
    );
    const zero = this.zero - earlier.zero;
    const highest =
      recent.counts.length > 0 ? upperEnd(recent.offset + recent.counts.length - 1) : zero > 0 ? ends[0]! : 0;
    return new HistogramSnapshot({
      count: this.count - earlier.count,
      sum: this.sum - earlier.sum,
      max: Math.min(this.max, highest),
      zero,
      ...recent,
    });
  }
}

/** Of the bucket of that index, in milliseconds. The last bucket has none: it takes all that is longer. */
function upperEnd(index: number): number {
  return index - first < size - 1 ? ends[index - first + 1]! : Number.POSITIVE_INFINITY;
}

/** The counts from the first that is not 0 to the last, and which is the first. */
export function trimmed(counts: ArrayLike<number>, offset: number = first): Pick<Recorded, "offset" | "counts"> {
  let from = 0;
  let to = counts.length;
  while (to > 0 && counts[to - 1] === 0) to--;
  while (from < to && counts[from] === 0) from++;
  const kept = Array.from({ length: to - from }, (_, index) => counts[from + index]!);
  return { offset: kept.length > 0 ? offset + from : 0, counts: kept };
}

import type { DurationCounts } from "./metered.ts";
import type { ExplicitHistogram, ExponentialHistogram } from "./metric-data.ts";

/** The boundaries of explicit histograms, in seconds: 18 powers of two, from 2^-11 (0.49 ms) to 2^6 (64). */
export const defaultBoundaries: readonly number[] = Object.freeze(
  Array.from({ length: 18 }, (_, index) => 2 ** (index - 11)),
);

/** Where the last bucket of a meter would end, in seconds: it takes all that is longer. */
const endless = 2 ** 14;

/**
 * The same, and nothing of a meter's own.
 *
 * @throws TypeError when there are no counts
 */
export function copyOf({ count, sum, max, zero, scale, offset, counts }: DurationCounts): DurationCounts {
  return { count, sum, max, zero, scale, offset, counts: [...counts] };
}

/**
 * What two meters of equal names have counted as one.
 *
 * @throws RangeError when their buckets are of differing widths
 */
export function together(one: DurationCounts, other: DurationCounts): DurationCounts {
  if (one.scale !== other.scale) {
    throw new RangeError(`Histograms of scales ${one.scale} and ${other.scale} are not one series.`);
  }
  const sums = { count: one.count + other.count, sum: one.sum + other.sum, max: Math.max(one.max, other.max) };
  const all = { ...sums, zero: one.zero + other.zero, scale: one.scale };
  // The offset of one without counts says nothing.
  if (one.counts.length === 0) return { ...all, offset: other.offset, counts: other.counts };
  if (other.counts.length === 0) return { ...all, offset: one.offset, counts: one.counts };
  const offset = Math.min(one.offset, other.offset);
  const end = Math.max(one.offset + one.counts.length, other.offset + other.counts.length);
  const counts = Array.from({ length: end - offset }, (_, index) => {
    const at = (of: DurationCounts): number => of.counts[offset + index - of.offset] ?? 0;
    return at(one) + at(other);
  });
  return { ...all, offset, counts };
}

/** In seconds. */
export function exponential({ count, sum, max, zero, scale, offset, counts }: DurationCounts): ExponentialHistogram {
  return {
    count,
    sum: sum / 1000,
    ...(count > 0 ? { max: max / 1000 } : {}),
    scale,
    zeroCount: zero,
    positive: { offset, bucketCounts: [...counts] },
    negative: { offset: 0, bucketCounts: [] },
  };
}

/**
 * In seconds. Durations go where the upper end of their bucket goes, so that none is shown shorter than it was. Where a boundary is the
 * end of a bucket, which powers of 2^(1/8) are, the counts are exact.
 */
export function explicit(durations: DurationCounts, boundaries: readonly number[]): ExplicitHistogram {
  const { count, sum, max, zero, scale, offset } = durations;
  const counts = Array.from({ length: boundaries.length + 1 }, () => 0);
  let bucket = 0;
  const add = (times: number, upperEnd: number): void => {
    // The ends are rounded, and so are boundaries that are no powers of two.
    while (bucket < boundaries.length && boundaries[bucket]! * (1 + 1e-9) < upperEnd) bucket++;
    counts[bucket]! += times;
  };
  add(zero, 0);
  for (const [index, times] of durations.counts.entries()) {
    const upperEnd = 2 ** ((offset + index + 1) / 2 ** scale);
    add(times, upperEnd < endless ? upperEnd : Number.POSITIVE_INFINITY);
  }
  return {
    buckets: { boundaries: [...boundaries], counts },
    count,
    sum: sum / 1000,
    ...(count > 0 ? { max: max / 1000 } : {}),
  };
}

/** A bucket ends 4 % above the one before it. */
const growth = Math.log(1.04);
/** Below this, in ms, all is alike. */
const least = 0.1;

/**
 * How long things took, in few numbers however many things: a quantile is at most 4 % too high, on whatever scale.
 */
export class Histogram {
  private readonly buckets: number[];

  /** @param buckets those of another one, as {@link toJSON} gave them */
  constructor(buckets: readonly (number | null)[] = []) {
    this.buckets = Array.from(buckets, (count) => count ?? 0);
  }

  record(ms: number): void {
    const index = ms <= least ? 0 : Math.ceil(Math.log(ms / least) / growth);
    while (this.buckets.length <= index) this.buckets.push(0);
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
  }

  get count(): number {
    return this.buckets.reduce((sum, count) => sum + count, 0);
  }

  /** So many milliseconds or fewer it took for the share `q` (above 0, up to 1) of them; undefined when there are none. */
  quantile(q: number): number | undefined {
    let left = Math.ceil(q * this.count);
    if (left === 0) return undefined;
    const index = this.buckets.findIndex((count) => (left -= count) <= 0);
    return least * Math.exp(index * growth);
  }

  toJSON(): readonly number[] {
    return this.buckets;
  }
}

import { bucketOf, ends, size } from "./buckets.ts";
import { HistogramSnapshot, trimmed } from "./histogram-snapshot.ts";

/** Durations in milliseconds, by exponential buckets: 2.2 kB, whatever is recorded. */
export class Histogram {
  private readonly counts = new Float64Array(size);
  private count = 0;
  private sum = 0;
  private max = 0;
  private zero = 0;

  /** A clock that went backwards is taken to have stood still. */
  record(ms: number): void {
    this.count++;
    if (ms > ends[0]!) this.counts[bucketOf(ms)]!++;
    else this.zero++;
    if (ms > 0) {
      this.sum += ms;
      if (ms > this.max) this.max = ms;
    }
  }

  snapshot(): HistogramSnapshot {
    const { count, sum, max, zero } = this;
    return new HistogramSnapshot({ count, sum, max, zero, ...trimmed(this.counts) });
  }
}

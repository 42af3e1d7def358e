import { requireDuration, requireNumber } from "../kit/check.ts";
import { steps, toSteps } from "./share.ts";

/** What a {@link TimeWindow} has counted. */
export interface WindowCounts {
  /** Outcomes. */
  readonly calls: number;
  /** Those that failed; with fractions where some failed in part. */
  readonly failures: number;
  /** Those that were slow. */
  readonly slow: number;
}

/**
 * The outcomes of the last `span` milliseconds, exact to `span / buckets`: constant memory, and each step takes constant time per
 * bucket that has passed. After `span` without outcomes it is empty. It has no clock: times are handed in, in milliseconds.
 *
 * What came at `t` counts from `t` on and is gone at `t + span` at the latest, and not before `t + span - span / buckets`. A time
 * before the latest one seen counts as that one. An outcome may be a part of a failure, to 1/1024.
 */
export class TimeWindow {
  /** The span of time, in milliseconds. */
  readonly span: number;
  private readonly buckets: number;
  /** Of each bucket, one after the other: calls, steps of failures, slow ones. */
  private readonly counts: Float64Array;
  private readonly sums: [calls: number, failures: number, slow: number] = [0, 0, 0];
  /** Where the latest bucket is in {@link counts}. */
  private place = 0;
  /** The number of the latest bucket since time 0. */
  private latest = Number.NEGATIVE_INFINITY;

  /**
   * @param span milliseconds, above 0 and at most 2^31-1
   * @param buckets a whole number from 1 to 1,000; default 10
   * @throws TypeError | RangeError when one is not in its range
   */
  constructor(span: number, buckets = 10) {
    this.span = requireDuration("TimeWindow", "span", span, { above: true });
    this.buckets = requireNumber("TimeWindow", "buckets", buckets, { min: 1, max: 1_000, integer: true });
    this.counts = new Float64Array(this.buckets * 3);
  }

  /**
   * Adds an outcome at `now`.
   *
   * @param failed whether it failed, or from 0 to 1 by how much
   * @returns its mark, for {@link amend}
   */
  add(now: number, failed: boolean | number = false, slow = false): number {
    const share = toSteps(failed);
    this.move(now);
    const at = this.place;
    this.change(at, 0, 1);
    this.change(at, 1, share);
    if (slow) this.change(at, 2, 1);
    return this.latest;
  }

  /**
   * Says at `now` that an outcome that was added as no failure is one: for a call that was counted before it had ended.
   *
   * @param mark what {@link add} returned, not before the last {@link clear}
   * @param failed whether it failed, or from 0 to 1 by how much
   * @returns whether the window still holds that outcome; else nothing has changed
   */
  amend(mark: number, now: number, failed: boolean | number): boolean {
    const share = toSteps(failed);
    this.move(now);
    if (mark <= this.latest - this.buckets) return false;
    this.change(this.placeOf(mark), 1, share);
    return true;
  }

  /** What it holds at `now`. */
  at(now: number): WindowCounts {
    this.move(now);
    const [calls, failures, slow] = this.sums;
    return { calls, failures: failures / steps, slow };
  }

  /** Forgets all of it. */
  clear(): void {
    this.counts.fill(0);
    this.sums.fill(0);
  }

  private change(at: number, kind: 0 | 1 | 2, by: number): void {
    this.counts[at + kind]! += by;
    this.sums[kind] += by;
  }

  /** Empties the buckets between the latest time seen and `now`. */
  private move(now: number): void {
    // Not by the width of a bucket, which is rounded: the thirtieth of 1,000 ms would begin a moment too late.
    const bucket = Math.floor((now * this.buckets) / this.span);
    if (bucket <= this.latest) return;
    const passed = bucket - this.latest;
    if (passed >= this.buckets) this.clear();
    else {
      // By places, for numbers above 2^53 do not grow by 1.
      let at = this.place;
      for (let nth = 0; nth < passed; nth++) {
        at = (at + 3) % this.counts.length;
        for (let kind = 0; kind < 3; kind++) {
          this.sums[kind]! -= this.counts[at + kind]!;
          this.counts[at + kind] = 0;
        }
      }
    }
    this.latest = bucket;
    this.place = this.placeOf(bucket);
  }

  private placeOf(bucket: number): number {
    // A clock may count from anywhere, also from below 0.
    return (((bucket % this.buckets) + this.buckets) % this.buckets) * 3;
  }
}

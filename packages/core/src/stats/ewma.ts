import { requireDuration, requireNumber } from "../kit/check.ts";

/**
 * An exponentially weighted moving average by count: of about the last `samples` samples (a new one has the weight
 * `2 / (samples + 1)`). The first `warmUp` samples are averaged evenly, so that the very first does not decide.
 */
export class Ewma {
  private readonly factor: number;
  private readonly warmUp: number;
  private seen = 0;
  private average = 0;

  /**
   * @param samples a number of 1 or more
   * @param warmUp a whole number of 1 or more; default 10, and `samples` where that is less
   * @throws TypeError | RangeError when one is not in its range
   */
  constructor(samples: number, warmUp: number = Math.max(1, Math.min(10, Math.floor(samples)))) {
    this.factor = 2 / (requireNumber("Ewma", "samples", samples, { min: 1 }) + 1);
    this.warmUp = requireNumber("Ewma", "warmUp", warmUp, { min: 1, integer: true });
  }

  /** The average; 0 before the first sample. */
  get value(): number {
    return this.average;
  }

  /** Adds a sample, and returns the average with it. */
  add(sample: number): number {
    if (this.seen < this.warmUp) {
      this.seen++;
      this.average += (sample - this.average) / this.seen;
    } else this.average += (sample - this.average) * this.factor;
    return this.average;
  }

  /** Replaces the average, for who must pull it somewhere at once; later samples move it from there. */
  set(value: number): void {
    this.average = value;
  }
}

/**
 * A latency that rises at once and falls by `exp(-dt / decay)`: a peak is believed, and forgiven only with time. Reading it decays it,
 * too. After Finagle's Peak EWMA load metric. It has no clock: times are handed in, in milliseconds.
 */
export class PeakEwma {
  private readonly decay: number;
  private cost: number;
  private stamp: number;

  /**
   * @param decay milliseconds, above 0 and at most 2^31-1: after so long without samples the value is `1 / e` of what it was
   * @param now the time of the start
   * @param initial the value at the start, 0 or more; default 0
   * @throws TypeError | RangeError when one is not in its range
   */
  constructor(decay: number, now: number, initial = 0) {
    this.decay = requireDuration("PeakEwma", "decay", decay, { above: true });
    this.cost = requireNumber("PeakEwma", "initial", initial, { min: 0 });
    this.stamp = now;
  }

  /** The value at `now`, where nothing was added since. */
  at(now: number): number {
    return this.cost * this.weight(now);
  }

  /** Adds a sample at `now`: above the value it replaces it, below it is averaged in by the time since the last sample. */
  add(sample: number, now: number): void {
    const weight = this.weight(now);
    this.cost = sample > this.cost * weight ? sample : this.cost * weight + sample * (1 - weight);
    this.stamp = Math.max(this.stamp, now);
  }

  private weight(now: number): number {
    return Math.exp(-Math.max(now - this.stamp, 0) / this.decay);
  }
}

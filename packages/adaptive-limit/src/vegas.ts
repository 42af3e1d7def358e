import { readOptions, requireFunction, requireNumber } from "@sluice/core/kit";
import { type LimitBounds, requireBounds, within } from "./bounds.ts";
import { fastest, type LimitAlgorithm, type LimitSample, slowest } from "./limit-algorithm.ts";

/** Options of {@link vegas}. */
export interface VegasOptions extends LimitBounds {
  /** What the limit is never above: a whole number, `min` or more, at most 2^53-1. Default 1,000. */
  readonly max?: number | undefined;
  /**
   * After how many windows for each slot of the limit the round trip without a queue is measured again, at most: a number of 1 or more.
   * After half as many at least, at random. Default 30.
   */
  readonly probe?: number | undefined;
  /** Numbers from 0 to below 1, by which it is measured sooner or later. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Keeps short the queue that the service must have inside: `limit * (1 - least round trip / round trip)` calls, after TCP Vegas (Brakmo
 * and Peterson 1995), with the steps of Netflix concurrency-limits. With `s` the digits of the limit less one, 1 at least, the limit goes
 * up by `6 s` while no more than `s` are queued, by `s` below `3 s`, and down by `s` above `6 s`, and after a call was dropped.
 *
 * Two things differ. What may be chance is no queue: two standard errors of the mean are taken off a round trip, and added to the least
 * one; without that, calls that differ a lot from each other make a limit of a few. And the least round trip is measured again with the
 * queue taken off the limit for a moment; without that, each measurement under load counts the queue as part of it, and the limit
 * drifts up.
 *
 * The one to begin with. It needs no refusals and no timeouts, for it sees a queue before callers do.
 *
 * @example
 * const limit = adaptiveLimit(vegas());
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function vegas(options?: VegasOptions): LimitAlgorithm {
  return new Vegas(options);
}

/** While the least round trip is measured again. */
interface Probing {
  /** The limit to go back to. */
  readonly limit: number;
  /** How many calls are to end first: those that began before, and then as many that still met their queue. */
  calls: number;
}

class Vegas implements LimitAlgorithm {
  readonly min: number;
  readonly max: number;
  limit: number;
  /** The least round trip since it was last measured again. */
  baseline: number | undefined = undefined;
  private readonly probe: number;
  private readonly random: () => number;
  /** Samples since the least round trip was measured again. */
  private samples = 0;
  /** Which part of `probe` it waits, this time. */
  private jitter: number | undefined = undefined;
  private probing: Probing | undefined = undefined;

  constructor(options: VegasOptions | undefined) {
    const owner = "vegas";
    const read = readOptions(owner, options, ["initial", "min", "max", "probe", "random"]);
    const { probe = 30, random = Math.random } = read;
    const { initial, min, max } = requireBounds(owner, read, 1_000);
    requireFunction(owner, "random", random);
    this.probe = requireNumber(owner, "probe", probe, { min: 1 });
    this.random = random;
    this.limit = initial;
    this.min = min;
    this.max = max;
  }

  sample(sample: LimitSample): number {
    const { limit, probing } = this;
    const step = Math.max(1, Math.floor(Math.log10(limit)));
    this.samples++;
    if (sample.dropped) {
      // What was refused says nothing of how long a call takes.
      if (probing !== undefined) this.rest();
      return this.go(limit - step);
    }
    if (probing !== undefined) return this.goOn(probing, sample);
    // Who uses less than half of the limit has no queue, and has not shown that there is room for more.
    const used = sample.inflight * 2 >= limit;
    const queue = this.queueOf(sample);
    this.jitter ??= this.draw();
    if (this.jitter * this.probe * limit <= this.samples) {
      if (!used) return this.measure(sample, limit);
      this.probing = { limit, calls: 2 * limit };
      return this.go(limit - queue - step);
    }
    if (this.baseline === undefined || slowest(sample) < this.baseline) {
      this.baseline = slowest(sample);
      return limit;
    }
    if (!used) return limit;
    if (queue <= step) return this.go(limit + 6 * step);
    if (queue < 3 * step) return this.go(limit + step);
    if (queue > 6 * step) return this.go(limit - step);
    return limit;
  }

  private queueOf(sample: LimitSample): number {
    const { limit, baseline = Number.POSITIVE_INFINITY } = this;
    const rtt = fastest(sample);
    return rtt <= baseline ? 0 : Math.ceil(limit * (1 - baseline / rtt));
  }

  private goOn(probing: Probing, sample: LimitSample): number {
    if (probing.calls <= 0) return this.measure(sample, probing.limit);
    probing.calls -= sample.count;
    return this.limit;
  }

  private measure(sample: LimitSample, limit: number): number {
    this.rest();
    this.baseline = slowest(sample);
    return this.go(limit);
  }

  private rest(): void {
    this.probing = undefined;
    this.samples = 0;
    this.jitter = undefined;
  }

  private go(limit: number): number {
    this.limit = within(limit, this.min, this.max);
    return this.limit;
  }

  private draw(): number {
    const drawn = this.random();
    return 0.5 + (drawn >= 0 && drawn < 1 ? drawn : 0.5) / 2;
  }
}

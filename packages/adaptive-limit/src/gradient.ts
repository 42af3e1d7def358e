import { readOptions, requireNumber } from "@sluice/core/kit";
import { Ewma } from "@sluice/core/stats";
import { type LimitBounds, requireBounds, within } from "./bounds.ts";
import { fastest, type LimitAlgorithm, type LimitSample } from "./limit-algorithm.ts";

/** Options of {@link gradient}. */
export interface GradientOptions extends LimitBounds {
  /** What the limit is never above: a whole number, `min` or more, at most 2^53-1. Default 200. */
  readonly max?: number | undefined;
  /** The queue that the service may have inside, in calls: a number above 0. Default 4. */
  readonly queue?: number | undefined;
  /** How many times the long average a round trip may be before the limit goes down: a number of 1 or more. Default 1. */
  readonly tolerance?: number | undefined;
  /** How much of each step is taken: above 0, at most 1. Default 0.2. */
  readonly smoothing?: number | undefined;
  /** Over how many windows the long average goes: a number of 1 or more. Default 600. */
  readonly longWindow?: number | undefined;
}

/**
 * Compares the round trip with its own long average: `g = tolerance * average / round trip`, held within 0.5 and 1, is what the limit
 * is multiplied by. It is the Gradient2 of Netflix concurrency-limits with two differences: the room for a `queue` is added only where
 * `g` is 1, where it is added always there and the limit grows without end under a modest overload (concurrency-limits #134); and a
 * dropped call is a `g` of 0.5, where they are not looked at there.
 *
 * For services whose latency has no floor that holds: it moves with the long average, within minutes.
 *
 * @example
 * const limit = adaptiveLimit(gradient({ tolerance: 1.2 }));
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function gradient(options?: GradientOptions): LimitAlgorithm {
  return new Gradient(options);
}

class Gradient implements LimitAlgorithm {
  readonly min: number;
  readonly max: number;
  limit: number;
  private readonly queue: number;
  private readonly tolerance: number;
  private readonly smoothing: number;
  private readonly long: Ewma;
  private known = false;

  constructor(options: GradientOptions | undefined) {
    const owner = "gradient";
    const read = readOptions(owner, options, [
      "initial",
      "min",
      "max",
      "queue",
      "tolerance",
      "smoothing",
      "longWindow",
    ]);
    const { queue = 4, tolerance = 1, smoothing = 0.2, longWindow = 600 } = read;
    const { initial, min, max } = requireBounds(owner, read, 200);
    this.queue = requireNumber(owner, "queue", queue, { min: 0, above: true });
    this.tolerance = requireNumber(owner, "tolerance", tolerance, { min: 1 });
    this.smoothing = requireNumber(owner, "smoothing", smoothing, { min: 0, max: 1, above: true });
    this.long = new Ewma(requireNumber(owner, "longWindow", longWindow, { min: 1 }));
    this.limit = initial;
    this.min = min;
    this.max = max;
  }

  /** The long average of round trips. */
  get baseline(): number | undefined {
    return this.known ? this.long.value : undefined;
  }

  sample(sample: LimitSample): number {
    const { limit, long } = this;
    const { rtt, inflight, dropped } = sample;
    if (dropped) return this.go(0.5);
    this.known = true;
    long.add(rtt);
    // After an incident it must not take hundreds of windows until a normal latency is one again.
    if (long.value > 2 * rtt) long.set(long.value * 0.95);
    if (inflight < limit / 2) return limit;
    const normal = this.tolerance * long.value;
    return rtt <= normal ? this.go(1, this.queue) : this.go(within(normal / fastest(sample), 0.5, 1));
  }

  private go(by: number, room = 0): number {
    const { limit, smoothing } = this;
    this.limit = within((1 - smoothing) * limit + smoothing * (limit * by + room), this.min, this.max);
    return this.limit;
  }
}

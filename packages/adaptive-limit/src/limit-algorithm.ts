/** What a window of calls has shown. */
export interface LimitSample {
  /**
   * The mean round trip in milliseconds, 0 or more, or the `quantile` that `window` asks for: of the calls that were not dropped. Where all
   * were, the mean of all.
   */
  readonly rtt: number;
  /**
   * By how much `rtt` may be off by chance, in milliseconds: the standard error of the mean. Large where calls differ a lot from each other,
   * or are few; 0 for a single call.
   */
  readonly error: number;
  /** The most calls in flight when one of them began, that one included. */
  readonly inflight: number;
  /** Whether any of them was dropped: refused or timed out. */
  readonly dropped: boolean;
  /** How many calls it is made of, 1 or more. */
  readonly count: number;
}

/**
 * Finds a limit. It has a state of its own, so each limit needs one of its own. `vegas`, `gradient` and `aimd` make such algorithms; one
 * of anyone's own needs a `limit` and a `sample`.
 */
export interface LimitAlgorithm {
  /** The limit to begin with: a number of 1 or more. The layer rounds it down. */
  readonly limit: number;
  /** What the limit is never below: a whole number from 1, since without any call nothing is learned, to `limit`. Default 1. */
  readonly min?: number | undefined;
  /** What the limit is never above: a whole number, `limit` or more, or Infinity. Default Infinity. */
  readonly max?: number | undefined;
  /** The round trip, in milliseconds, that it takes for one without a queue, where it knows one: for the layer's `baseline`. */
  readonly baseline?: number | undefined;
  /**
   * Whether it may be told of each call by itself, with `window: false`. Default false: an algorithm that steps back once for each of
   * many calls of one moment goes all the way down.
   */
  readonly eachSample?: boolean | undefined;
  /**
   * The limit after this sample, a number. The layer rounds it down, and holds it within `min` and `max`. Called once for each window,
   * never while nothing runs.
   */
  sample(sample: LimitSample): number;
}

/** How many standard errors may be chance. */
const byChance = 2;

/** What the round trip of a sample may be, if chance has made it longer. */
export function fastest({ rtt, error }: LimitSample): number {
  return Math.max(rtt - byChance * error, 0);
}

/** What the round trip of a sample may be, if chance has made it shorter. */
export function slowest({ rtt, error }: LimitSample): number {
  return rtt + byChance * error;
}

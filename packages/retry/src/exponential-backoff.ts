import {
  longestTimer,
  readOptions,
  requireDuration,
  requireFunction,
  requireNumber,
  requireOneOf,
} from "@sluice/core/kit";

/** How long to wait, and what to go on from. */
export interface BackoffStep<out State> {
  /** In milliseconds. */
  readonly delay: number;
  /** For the next call of `next`. */
  readonly state: State;
}

/** How long to wait before each retry: a value. It never sleeps and holds no state. */
export interface Backoff<State = unknown> {
  /** What follows the step that answered with `state`; without one, the first. */
  readonly next: (state?: State) => BackoffStep<State>;
}

/** How delays are spread. */
export type Jitter = "full" | "equal" | "decorrelated" | "none";

/** Options of {@link exponentialBackoff}. */
export interface ExponentialBackoffOptions {
  /** The first delay, before jitter: milliseconds, 0 to 2^31-1. */
  readonly base: number;
  /** No delay is longer: milliseconds, `base` to 2^31-1. */
  readonly max: number;
  /** By how much each delay grows: 1 or more; default 2, and 3 with `"decorrelated"`. */
  readonly factor?: number | undefined;
  /** How delays are spread; default `"full"`. */
  readonly jitter?: Jitter | undefined;
  /** Random numbers from 0 up to but not including 1; default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Looked up late, so that what a test puts in the place of `Math.random` is asked by backoffs that were there before. */
const anyNumber = (): number => Math.random();

/**
 * Exponential backoff with jitter, after Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). With
 * `ceiling = min(max, base * factor^n)` for the retry number n, counted from 0, the delay is
 *
 * - `"full"`: `random(0, ceiling)`, the least work for the other side;
 * - `"equal"`: `ceiling / 2 + random(0, ceiling / 2)`, never less than half;
 * - `"decorrelated"`: `random(base, min(max, factor * previous))`, where `previous` is the delay before, at first `base`;
 * - `"none"`: `ceiling`. Callers that failed together come back together.
 *
 * The cap comes before the jitter. The article's `min(max, random(base, 3 * previous))` has two thirds of all delays at exactly
 * `max` once it gets there; here they stay spread.
 *
 * @example
 * const backoff = exponentialBackoff({ base: 100, max: 10_000 });
 * const first = backoff.next(); // { delay: 0 to 100, state }
 * const second = backoff.next(first.state); // { delay: 0 to 200, state }
 *
 * @throws TypeError | RangeError when an option is missing or not in its range
 */
export function exponentialBackoff(options: ExponentialBackoffOptions): Backoff<number> {
  const owner = "exponentialBackoff";
  const read = readOptions(owner, options, ["base", "max", "factor", "jitter", "random"]);
  const { jitter = "full", factor = jitter === "decorrelated" ? 3 : 2, random = anyNumber } = read;
  const base = requireDuration(owner, "base", read.base);
  const max = requireNumber(owner, "max", read.max, { min: base, max: longestTimer });
  requireOneOf(owner, "jitter", jitter, ["full", "equal", "decorrelated", "none"]);
  requireNumber(owner, "factor", factor, { min: 1 });
  requireFunction(owner, "random", random);

  // The state is the ceiling, or the delay before, and not a count: it cannot overflow, however many retries there are.
  if (jitter === "decorrelated") {
    return {
      next(previous = base) {
        const delay = base + random() * (Math.min(max, previous * factor) - base);
        return { delay, state: delay };
      },
    };
  }
  const spread = {
    full: (ceiling: number) => random() * ceiling,
    equal: (ceiling: number) => ceiling / 2 + (random() * ceiling) / 2,
    none: (ceiling: number) => ceiling,
  }[jitter];
  return {
    next(ceiling = base) {
      return { delay: spread(ceiling), state: Math.min(max, ceiling * factor) };
    },
  };
}

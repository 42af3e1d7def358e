import { requireDuration, requireObject, report } from "@sluice/core/kit";

/** How long to wait, and what to go on from. */
export interface BackoffStep<out State> {
  /** In milliseconds. */
  readonly delay: number;
  /** For the next call of `next`. */
  readonly state: State;
}

/** How long to wait after each attempt that failed: a value, such as `exponentialBackoff` of `@sluice/retry` returns. */
export interface Backoff<State = any> {
  /** What follows the step that answered with `state`; without one, the first. */
  readonly next: (state?: State) => BackoffStep<State>;
}

const base = 100;
const max = 10_000;

/**
 * 100 ms at first, doubled after each failure up to 10,000, each with full jitter. After Marc Brooker, "Exponential Backoff And Jitter"
 * (AWS Architecture Blog, 2015).
 */
export const defaultBackoff: Backoff<number> = {
  next: (ceiling = base) => ({ delay: Math.random() * ceiling, state: Math.min(max, ceiling * 2) }),
};

/** The delays of a series of failures. */
export class Delays {
  private readonly backoff: Backoff;
  private state: unknown = undefined;

  constructor(backoff: Backoff) {
    this.backoff = backoff;
  }

  /** The next one, in milliseconds. Where the backoff throws or gives no delay, that is reported, and it is 10,000. */
  next(): number {
    try {
      const step: unknown = this.backoff.next(this.state);
      requireObject("reconnect", "a step of backoff", step);
      const { delay, state } = step as BackoffStep<unknown>;
      requireDuration("reconnect", "a delay of backoff", delay);
      this.state = state;
      return delay;
    } catch (error) {
      report(error);
      return max;
    }
  }

  /** What comes next is the first. */
  reset(): void {
    this.state = undefined;
  }
}

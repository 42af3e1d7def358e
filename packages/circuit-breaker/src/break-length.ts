import { longestTimer, report, show } from "@sluice/core/kit";

/** How long each break is: a value that holds no state, such as `exponentialBackoff` of `@sluice/retry`. */
export interface BreakBackoff {
  /**
   * The break that follows the one that answered with `state`; without one, the first.
   *
   * @returns its length in milliseconds, 0 to 2^31-1 (below 1 it is 1), and the state for the next call
   */
  next(state?: unknown): { readonly delay: number; readonly state: unknown };
}

/** Where a backoff fails. */
const fallback = 5_000;

/** How long the breaks of one circuit are: longer after each one without recovery, where they are spread by a backoff. */
export class BreakLength {
  /** For how long a probe is waited for: a break of a number of milliseconds, or the longest since the circuit was last closed. */
  longest: number;
  private readonly lengths: number | BreakBackoff;
  private state: unknown = undefined;

  constructor(lengths: number | BreakBackoff) {
    this.lengths = lengths;
    this.longest = this.shortest;
  }

  /** How long the next break is. Never throws: what a backoff throws is reported, and the break is as long as the longest before. */
  next(): number {
    const { lengths } = this;
    return this.take(typeof lengths === "number" ? lengths : this.step(lengths));
  }

  /** The next break is so long, as somebody says. */
  take(length: number): number {
    // Somebody's pause says nothing of how long a probe may take, where the breaks do.
    if (typeof this.lengths !== "number") this.longest = Math.max(this.longest, length);
    return length;
  }

  /** The service has recovered. */
  reset(): void {
    this.longest = this.shortest;
    this.state = undefined;
  }

  private get shortest(): number {
    return typeof this.lengths === "number" ? this.lengths : 0;
  }

  private step(backoff: BreakBackoff): number {
    try {
      const { delay, state } = backoff.next(this.state);
      if (typeof delay === "number" && delay >= 0 && delay <= longestTimer) {
        this.state = state;
        return Math.max(delay, 1);
      }
      throw new RangeError(
        `circuitBreaker: breakFor.next must give a delay of 0 to ${longestTimer} ms; received ${show(delay)}`,
      );
    } catch (error) {
      report(error);
      return this.longest === 0 ? fallback : this.longest;
    }
  }
}

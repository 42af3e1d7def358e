import { requireNumber } from "../kit/check.ts";

/**
 * The last `size` outcomes, by two bits each: constant memory, and each step takes constant time.
 *
 * @example
 * const window = new CountWindow(100);
 * window.add(true, false);
 * window.failures / window.calls; // the share of failures among the last 100
 */
export class CountWindow {
  /** How many outcomes it holds at most. */
  readonly size: number;
  private readonly outcomes: Uint8Array;
  private next = 0;
  private added = 0;
  private failed = 0;
  private late = 0;

  /**
   * @param size a whole number from 1 to 1,000,000
   * @throws TypeError | RangeError when `size` is not in its range
   */
  constructor(size: number) {
    this.size = requireNumber("CountWindow", "size", size, { min: 1, max: 1_000_000, integer: true });
    this.outcomes = new Uint8Array(this.size);
  }

  /** How many outcomes it holds. */
  get calls(): number {
    return this.added;
  }

  /** How many of them failed. */
  get failures(): number {
    return this.failed;
  }

  /** How many of them were slow. */
  get slow(): number {
    return this.late;
  }

  /** Adds an outcome; the oldest goes where the window is full. */
  add(failed: boolean, slow: boolean): void {
    const { next, outcomes } = this;
    if (this.added === this.size) this.count(outcomes[next]!, -1);
    else this.added++;
    const outcome = (failed ? 1 : 0) | (slow ? 2 : 0);
    outcomes[next] = outcome;
    this.count(outcome, 1);
    this.next = next + 1 === this.size ? 0 : next + 1;
  }

  /** Forgets all of them. */
  clear(): void {
    this.next = this.added = this.failed = this.late = 0;
  }

  private count(outcome: number, by: 1 | -1): void {
    if ((outcome & 1) !== 0) this.failed += by;
    if ((outcome & 2) !== 0) this.late += by;
  }
}

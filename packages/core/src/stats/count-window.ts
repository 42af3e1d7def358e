import { requireNumber } from "../kit/check.ts";
import { steps, toSteps } from "./share.ts";

/** Above the steps of a failure: whether the outcome was slow. */
const slowBit = steps * 2;

/**
 * The last `size` outcomes, by two bytes each: constant memory, and each step takes constant time. An outcome may be a part of a failure,
 * to 1/1024.
 *
 * @example
 * const window = new CountWindow(100);
 * window.add(true, false);
 * window.failures / window.calls; // the share of failures among the last 100
 */
export class CountWindow {
  /** How many outcomes it holds at most. */
  readonly size: number;
  private readonly outcomes: Uint16Array;
  private next = 0;
  private added = 0;
  /** In steps, which are whole numbers: sums of fractions would drift. */
  private failed = 0;
  private late = 0;
  /** How many were ever added. */
  private total = 0;

  /**
   * @param size a whole number from 1 to 1,000,000
   * @throws TypeError | RangeError when `size` is not in its range
   */
  constructor(size: number) {
    this.size = requireNumber("CountWindow", "size", size, { min: 1, max: 1_000_000, integer: true });
    this.outcomes = new Uint16Array(this.size);
  }

  /** How many outcomes it holds. */
  get calls(): number {
    return this.added;
  }

  /** How many of them failed; with fractions where some failed in part. */
  get failures(): number {
    return this.failed / steps;
  }

  /** How many of them were slow. */
  get slow(): number {
    return this.late;
  }

  /**
   * Adds an outcome; the oldest goes where the window is full.
   *
   * @param failed whether it failed, or from 0 to 1 by how much
   * @returns its mark, for {@link amend}
   */
  add(failed: boolean | number, slow: boolean): number {
    const outcome = toSteps(failed) | (slow ? slowBit : 0);
    const { next, outcomes } = this;
    if (this.added === this.size) this.count(outcomes[next]!, -1);
    else this.added++;
    outcomes[next] = outcome;
    this.count(outcome, 1);
    this.next = next + 1 === this.size ? 0 : next + 1;
    return this.total++;
  }

  /**
   * Says that an outcome that was added as no failure is one: for a call that was counted before it had ended.
   *
   * @param mark what {@link add} returned
   * @param failed whether it failed, or from 0 to 1 by how much
   * @returns whether the window still holds that outcome; else nothing has changed
   */
  amend(mark: number, failed: boolean | number): boolean {
    const age = this.total - mark;
    if (!(age >= 1 && age <= this.added)) return false;
    const place = (this.next - age + this.size) % this.size;
    const before = this.outcomes[place]!;
    const after = toSteps(failed) | (before & slowBit);
    this.outcomes[place] = after;
    this.count(before, -1);
    this.count(after, 1);
    return true;
  }

  /** Forgets all of them. */
  clear(): void {
    this.next = this.added = this.failed = this.late = 0;
  }

  private count(outcome: number, by: 1 | -1): void {
    this.failed += (outcome & (slowBit - 1)) * by;
    if ((outcome & slowBit) !== 0) this.late += by;
  }
}

import { Ewma } from "@sluice/core/stats";

/** How long a call takes where none has ended yet: ms. */
const assumed = 20;
/** No member that lacks slots asks more often than this: ms. */
const shortest = 2;

/**
 * How often a member asks that lacks slots which it is to have: others give them back as their calls end, and the store tells nobody. Twice in
 * the time that a call takes, and then more and more seldom.
 */
export class Pace {
  private readonly longest: number;
  private readonly callTime: Ewma = new Ewma(20);
  private calls = 0;
  private asked = 0;

  /** @param longest ms */
  constructor(longest: number) {
    this.longest = longest;
  }

  /** A call of this member has ended. */
  ended(time: number): void {
    this.calls++;
    this.callTime.add(time);
  }

  /** The next pause, in milliseconds. */
  next(): number {
    const half = (this.calls === 0 ? assumed : this.callTime.value) / 2;
    return Math.min(Math.max(half, shortest) * 1.25 ** this.asked++, this.longest);
  }

  /** It has what it is to have. */
  reset(): void {
    this.asked = 0;
  }
}

import { Ewma } from "@sluice/core/stats";

/** The assumed duration of a call before one has ended: ms. */
const assumed = 20;
/** The shortest pause: ms. */
const shortest = 2;

/**
 * How often a member that has fewer slots than its fair share asks the store. Others give slots back as their calls end, and the store
 * notifies no member. The first pause is half the duration of a call, and each further one is longer.
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

  /** The next pause: ms. */
  next(): number {
    const half = (this.calls === 0 ? assumed : this.callTime.value) / 2;
    return Math.min(Math.max(half, shortest) * 1.25 ** this.asked++, this.longest);
  }

  /** The member has its fair share. */
  reset(): void {
    this.asked = 0;
  }
}

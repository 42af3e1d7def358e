import type { Clock } from "../contract/clock.ts";
import { timeOf } from "./cached-time.ts";

/** By how many milliseconds a timer of the platform may fire early: timers and clocks round. */
export const timerTolerance = 2;

/**
 * The time of a clock, as a layer needs it: it never goes back, and when the clock is set back it goes on from where it was.
 *
 * A timer that fires is believed: then the time is what was due, or later. A real timer is early by a fraction of a millisecond, and
 * the clock catches up. Where a timer is due and the clock has hardly moved, timers go by another time than the clock, as fake timers do
 * that leave `performance.now` as it is: then this time goes on with the timers.
 */
export class SteadyTime {
  /** By how many milliseconds this time is ahead of the clock: 0, unless the clock was set back, or timers go by another time. */
  ahead = 0;
  private readonly clock: Clock;
  /** What the clock said last. */
  private read = Number.NEGATIVE_INFINITY;
  private latest = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** In milliseconds, on the scale of the clock plus {@link ahead}. Never less than before. */
  now(): number {
    const time = this.measured();
    if (time > this.latest) this.latest = time;
    return this.latest;
  }

  /**
   * As {@link now}, by the clock alone, which may be a moment behind timers that were believed. Timers are set by this, or those that fire
   * early would add up.
   */
  measured(): number {
    const read = timeOf(this.clock);
    if (read < this.read) this.ahead += this.read - read;
    this.read = read;
    return read + this.ahead;
  }

  /**
   * The time when a timer fires.
   *
   * @param since when it was set, as {@link measured}
   * @param due what it was set for
   */
  fired(since: number, due: number): number {
    const time = this.measured();
    const early = due - time;
    if (early > timerTolerance && (time - since) * 2 < due - since) this.ahead += early;
    this.latest = Math.max(this.latest, due, time);
    return this.latest;
  }
}

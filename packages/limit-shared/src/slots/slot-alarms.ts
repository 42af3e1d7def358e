import type { Clock } from "@sluice/core";
import { Alarm } from "@sluice/core/kit";

/**
 * The two timers of shared slots, and their time. One is for callers in line and answers. The other is for running calls and free slots,
 * and does not keep the process alive.
 */
export class SlotAlarms {
  private readonly waiters: Alarm;
  private readonly keeper: Alarm;
  /** The latest time at which one of them rang. */
  private rung: number = Number.NEGATIVE_INFINITY;
  /** When the keeper is set to ring. */
  private keepAt: number = Number.POSITIVE_INFINITY;

  /** @param ring called with {@link now} when one of the times has come; it may also be called earlier */
  constructor(clock: Clock, ring: (now: number) => void) {
    const rings = (now: number): void => {
      this.rung = Math.max(this.rung, now);
      ring(this.now());
    };
    this.waiters = new Alarm(clock, rings);
    const keep = (now: number): void => {
      this.keepAt = Number.POSITIVE_INFINITY;
      rings(now);
    };
    this.keeper = new Alarm(clock, keep, { unref: true });
  }

  /** The time, in milliseconds. It is never before the time of a timer that has rung. */
  now(): number {
    return Math.max(this.waiters.now(), this.rung);
  }

  /**
   * @param due for callers in line and for answers; Infinity: not at all
   * @param keepAt for running calls and free slots; Infinity: not at all
   */
  set(due: number, keepAt: number): void {
    this.waiters.set(due);
    // A keeper that rings early does no harm, and costs less than to set it for each call.
    if (keepAt >= this.keepAt && keepAt !== Number.POSITIVE_INFINITY && this.keeper.trusted) return;
    this.keepAt = keepAt;
    this.keeper.set(keepAt);
  }
}

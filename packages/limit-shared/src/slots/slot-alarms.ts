import type { Clock } from "@sluice/core";
import { Alarm } from "@sluice/core/kit";

/**
 * The two timers of shared slots, and their time: one for callers in line and for answers, and one for what runs and what is to be given back,
 * which keeps no process alive.
 */
export class SlotAlarms {
  private readonly waiters: Alarm;
  private readonly keeper: Alarm;
  /** The time of the one that rang last. */
  private rung: number = Number.NEGATIVE_INFINITY;
  /** When the keeper rings. */
  private keepAt: number = Number.POSITIVE_INFINITY;

  /** @param ring called when one of the times has come, or earlier, with {@link now} */
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

  /** The time, in milliseconds. What has rung is believed, whichever it was. */
  now(): number {
    return Math.max(this.waiters.now(), this.rung);
  }

  /**
   * @param due for callers in line and for answers; Infinity: not at all
   * @param keepAt for what keeps no process alive; Infinity: not at all
   */
  set(due: number, keepAt: number): void {
    this.waiters.set(due);
    // It may ring too early, and there is nothing to do then: cheaper than to set it for each call.
    if (keepAt >= this.keepAt && keepAt !== Number.POSITIVE_INFINITY && this.keeper.trusted) return;
    this.keepAt = keepAt;
    this.keeper.set(keepAt);
  }
}

import { type Clock, longestTimer } from "../contract/clock.ts";

/**
 * One timer for a whole layer, armed only while a caller waits for it.
 *
 * A timer that fires is believed: clocks and timers disagree by a fraction of a millisecond, and a layer that asked the
 * clock again would find itself a moment early and arm a timer of 0. So `ring` is given the later of `now()` and what
 * was due.
 */
export class Alarm {
  private readonly clock: Clock;
  private readonly ring: (now: number) => void;
  private handle: unknown;
  private due = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ring: (now: number) => void) {
    this.clock = clock;
    this.ring = ring;
  }

  /** Whether a timer is armed. */
  get armed(): boolean {
    return this.due !== Number.POSITIVE_INFINITY;
  }

  /** Rings at `due` (in the clock's ms), and no longer at the time it was set for before. Infinity: not at all. */
  set(due: number, now: number = this.clock.now()): void {
    if (due === this.due) return;
    this.clear();
    if (due === Number.POSITIVE_INFINITY) return;
    this.due = due;
    // Far-off times are reached in steps; the owner finds nothing due at the end of a step and sets the alarm again.
    const wait = Math.max(due - now, 0);
    const step = Math.min(wait, longestTimer);
    const believed = step === wait ? due : now + step;
    this.handle = this.clock.setTimeout(() => {
      this.due = Number.POSITIVE_INFINITY;
      this.handle = undefined;
      this.ring(Math.max(this.clock.now(), believed));
    }, step);
  }

  /** Disarms. */
  clear(): void {
    if (!this.armed) return;
    this.due = Number.POSITIVE_INFINITY;
    this.clock.clearTimeout(this.handle);
    this.handle = undefined;
  }
}

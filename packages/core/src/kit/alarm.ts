import { type Clock, longestTimer, systemClock } from "../contract/clock.ts";
import { areTimersFaked, isVirtual, timersInPlace } from "./fake-timers.ts";
import { runOutside } from "./outside.ts";
import { sharedAlarms, timersEndWithRequests } from "./request-timers.ts";
import { SteadyTime } from "./steady-time.ts";

/** Options of an {@link Alarm}. */
export interface AlarmOptions {
  /** Whether the timer only gives something back, and must not keep the process alive. Default false. */
  readonly unref?: boolean | undefined;
}

/**
 * One timer for a whole layer, armed only while a caller waits for it.
 *
 * A timer that fires is believed: clocks and timers disagree by a fraction of a millisecond, and a layer that asked the clock again
 * would find itself a moment early and arm a timer of 0. So a layer with an alarm goes by the alarm's time, {@link now}, and compares
 * `since + limit <= now`, never `now - since >= limit`: the two differ by a rounding.
 *
 * The process's own timer is armed a microtask later, outside of the async context of the caller in whose turn it is set: a timer that
 * is armed again and again would keep that context alive. A clock that a layer was given, and fake timers, are armed at once.
 *
 * In Cloudflare Workers a timer ends with the request that set it: there each request that waits in a line looks at the alarms that are set.
 */
export class Alarm {
  private readonly clock: Clock;
  private readonly time: SteadyTime;
  private readonly ring: (now: number) => void;
  private readonly unref: boolean;
  private due = Number.POSITIVE_INFINITY;
  /** Whether the timer is about to be armed. */
  private arming = false;
  private handle: unknown = undefined;
  /** The process's function that set the timer. */
  private armedBy: unknown = undefined;
  /** How often it was armed: a timer that could not be cleared is known by it. */
  private round = 0;

  /**
   * @param clock where time is read and the timer is set
   * @param ring called when the time has come, with {@link now}; in the async context of nobody in particular
   */
  constructor(clock: Clock, ring: (now: number) => void, { unref = false }: AlarmOptions = {}) {
    this.clock = clock;
    this.time = new SteadyTime(clock);
    this.ring = ring;
    this.unref = unref;
  }

  /** The time of the layer, in milliseconds: the clock's, which never goes back, or what was due when a timer fired. */
  now(): number {
    return this.time.now();
  }

  /** By how many milliseconds {@link now} is ahead of the clock: what to add to a caller's deadline, which is a time of the clock. */
  get ahead(): number {
    return this.time.ahead;
  }

  /** Whether it is set. */
  get armed(): boolean {
    return this.due !== Number.POSITIVE_INFINITY;
  }

  /**
   * Whether it is set, and nobody but this alarm can have cleared its timer. Test runners clear fake timers, and take them away: then set
   * it again for each caller that comes.
   */
  get trusted(): boolean {
    return this.armed && !areTimersFaked() && this.armedBy === timersInPlace();
  }

  /** Rings at `due`, a time as {@link now}, and no longer at the time it was set for before. Infinity: not at all. */
  set(due: number): void {
    if (due === this.due && this.trusted) return;
    this.clear();
    if (due === Number.POSITIVE_INFINITY) return;
    this.due = due;
    this.armedBy = timersInPlace();
    if (timersEndWithRequests && this.clock === systemClock) sharedAlarms.add(this);
    if (isVirtual(this.clock)) this.arm();
    else if (!this.arming) {
      this.arming = true;
      runOutside(this.armOutside);
    }
  }

  /** Disarms. */
  clear(): void {
    this.due = Number.POSITIVE_INFINITY;
    this.round++;
    const { handle, clock } = this;
    if (handle === undefined) return;
    this.handle = undefined;
    // Where fake timers have come or gone, a handle of the others may be that of another timer.
    if (clock !== systemClock || this.armedBy === timersInPlace()) clock.clearTimeout(handle);
  }

  /** @internal rings if it is time, and its timer has not; how many milliseconds are left then, Infinity where it is not set */
  look(): number {
    const now = this.time.now();
    if (this.due <= now) {
      this.clear();
      this.ring(now);
    }
    return this.due - now;
  }

  private readonly armOutside = (): void => {
    this.arming = false;
    // It may have been cleared in the meantime, or armed: when fake timers were installed.
    if (this.armed && this.handle === undefined) this.arm();
  };

  private arm(): void {
    const { due, clock } = this;
    const since = this.time.measured();
    // Far-off times are reached in steps; the owner finds nothing due at the end of a step and sets the alarm again.
    const wait = Math.max(due - since, 0);
    const step = Math.min(wait, longestTimer);
    const believed = step === wait ? due : since + step;
    const { round } = this;
    this.handle = clock.setTimeout(() => {
      if (round !== this.round) return;
      this.due = Number.POSITIVE_INFINITY;
      this.handle = undefined;
      this.ring(this.time.fired(since, believed));
    }, delayOf(step));
    if (this.unref) clock.unref?.(this.handle);
  }
}

/**
 * The delay for a timer. Fake timers drop fractions of milliseconds, and fire early where the time is not theirs: a wait of 100 ms is one of
 * 99.9 by the time the timer is armed.
 */
export function delayOf(ms: number): number {
  return areTimersFaked() ? Math.ceil(Math.round(ms * 1_000) / 1_000) : ms;
}

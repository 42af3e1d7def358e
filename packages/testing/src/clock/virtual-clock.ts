import type { Clock } from "@sluice/core";
import { requireFunction, requireNumber } from "@sluice/core/kit";
import { microtasks } from "./microtasks.ts";

interface Timer {
  readonly due: number;
  readonly run: () => void;
  /** Whether it would keep a process alive. */
  referenced: boolean;
}

/** Timers that arm others for the time at which they fire, over more rounds than this, are assumed to do so without end. */
const mostRounds = 10_000;
/** The same, where each round is larger than the one before. */
const mostAtOnce = 100_000;

/**
 * A clock that stands still until a test moves it.
 *
 * @example
 * const clock = new VirtualClock();
 * clock.setTimeout(() => console.log("at", clock.now()), 100);
 * await clock.advance(250); // "at 100"; now() is 250
 */
export class VirtualClock implements Clock {
  /** In the order of their due times; timers with the same time in the order in which they were armed. */
  private readonly timers: Timer[] = [];
  /** The time by which timers fire. */
  private time = 0;
  /** How far `now()` is ahead of it. */
  private ahead: number;
  /** How many timers have fired at the current time, in this advance. */
  private firedNow = 0;
  /** In how many rounds: the timers that were armed for it, then those that these armed for it, and so on. */
  private rounds = 0;
  /** How many are left of the current round. */
  private leftOfRound = 0;

  /**
   * @param start the first value of `now()`, in milliseconds: a finite number; default 0
   * @throws TypeError | RangeError when it is not
   */
  constructor(start = 0) {
    this.ahead = requireTime("start", start);
  }

  now(): number {
    return this.time + this.ahead;
  }

  /** Timers armed. */
  get pending(): number {
    return this.timers.length;
  }

  /** Armed timers that were passed to {@link unref}: on a real clock these do not keep the process alive. */
  get unreferenced(): number {
    return this.timers.filter(({ referenced }) => !referenced).length;
  }

  /** In how many milliseconds the next timer is due; undefined when none is armed. */
  get next(): number | undefined {
    const [first] = this.timers;
    return first === undefined ? undefined : first.due - this.time;
  }

  /** Arms a timer, and returns its handle. A negative `ms` counts as 0; there is no upper limit. */
  setTimeout(run: () => void, ms: number): unknown {
    requireFunction("VirtualClock", "run", run);
    const timer: Timer = {
      due: this.time + Math.max(requireNumber("VirtualClock", "ms", ms, anyTime), 0),
      run,
      referenced: true,
    };
    this.timers.splice(this.firstAfter(timer.due), 0, timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    const due = (handle as Timer | undefined)?.due;
    if (due === undefined) return;
    // Timers with the same due time are next to each other.
    for (let at = this.firstAfter(due) - 1; this.timers[at]?.due === due; at--) {
      if (this.timers[at] === handle) {
        this.timers.splice(at, 1);
        return;
      }
    }
  }

  /** Counts a timer as {@link unreferenced}. The timer still fires. Does nothing after it has fired. */
  unref(handle: unknown): void {
    if (this.timers.includes(handle as Timer)) (handle as Timer).referenced = false;
  }

  /**
   * Moves time forward, and fires the timers that become due before it returns: in the order of their due times (equal ones in the order in
   * which they were armed), with `now()` at each timer's time, including timers that other timers arm meanwhile.
   *
   * The promise resolves when the microtasks that follow have run (a hundred turns of their queue: enough for dozens of layers), and timers
   * that they armed for the current time have fired. So `await clock.advance(0)` lets everything settle that can.
   *
   * No microtask runs between two timers. Where one timer arms the next through a promise, as in a backoff, use {@link advanceAsync}.
   *
   * A timer that throws makes this throw; time stays at that timer, and the others stay armed.
   *
   * @param ms how far, in milliseconds: 0 or more
   * @throws TypeError | RangeError when `ms` is not
   */
  advance(ms: number): Promise<void> {
    const end = this.time + requireNumber("VirtualClock", "ms", ms, { min: 0 });
    this.countAnew();
    this.fireUntil(end);
    return this.settle();
  }

  /**
   * As {@link advance}, with microtasks before, between and after the timers, as in the event loop. Nothing fires before it returns.
   */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.time + requireNumber("VirtualClock", "ms", ms, { min: 0 });
    this.countAnew();
    await microtasks();
    while (this.fireNext(end)) await microtasks();
  }

  /**
   * Moves `now()` and fires nothing: timers have their own time. After a jump forwards timers fire late, as after a blocked event loop;
   * after a jump backwards they fire early, as real timers do by fractions of a millisecond.
   *
   * @param ms how far, in milliseconds: a finite number
   * @throws TypeError | RangeError when `ms` is not
   */
  jump(ms: number): void {
    this.ahead += requireTime("ms", ms);
  }

  private async settle(): Promise<void> {
    await microtasks();
    this.fireUntil(this.time);
    await microtasks();
  }

  private fireUntil(end: number): void {
    while (this.fireNext(end));
  }

  /** Fires the next timer that is due by `end`. False when there is none. */
  private fireNext(end: number): boolean {
    const { time } = this;
    const timer = this.take(end);
    if (this.time !== time) this.countAnew();
    if (timer === undefined) return false;
    this.count();
    timer.run();
    return true;
  }

  /** Counts a timer that is about to fire. */
  private count(): void {
    if (this.leftOfRound === 0) {
      this.rounds++;
      this.leftOfRound = this.firstAfter(this.time) + 1;
    }
    this.leftOfRound--;
    if (++this.firedNow > mostAtOnce || this.rounds > mostRounds) {
      throw new Error(`VirtualClock: timers are armed without end at ${this.now()} ms.`);
    }
  }

  private countAnew(): void {
    this.firedNow = this.rounds = this.leftOfRound = 0;
  }

  /** Removes the next timer due by `end` and moves time to it; without one, moves time to `end`. Time never goes back. */
  private take(end: number): Timer | undefined {
    const [first] = this.timers;
    const due = first !== undefined && first.due <= end;
    this.time = Math.max(this.time, due ? first.due : end);
    return due ? this.timers.shift() : undefined;
  }

  /** The index of the first timer that is due later than `due`. */
  private firstAfter(due: number): number {
    let low = 0;
    let high = this.timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timers[middle]!.due <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const anyTime = { min: Number.NEGATIVE_INFINITY } as const;

function requireTime(option: string, value: number): number {
  return requireNumber("VirtualClock", option, value, anyTime);
}

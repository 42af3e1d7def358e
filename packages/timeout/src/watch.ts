import type { Clock } from "@sluice/core";
import { Alarm } from "@sluice/core/internal";
import { Due, DueQueue } from "./due-queue.ts";
import { TimeoutError, type TimeoutPhase } from "./timeout-error.ts";

/** Somebody who is given up on at a time. */
export abstract class Watched extends Due {
  protected readonly watch: Watch;
  private phase: TimeoutPhase = "call";
  private ms = 0;

  constructor(watch: Watch) {
    super();
    this.watch = watch;
  }

  /** Lowers the time to `due`, unless it is lower already. */
  bound(phase: TimeoutPhase, due: number, ms: number): void {
    if (due >= this.due) return;
    this.due = due;
    this.phase = phase;
    this.ms = ms;
  }

  /** The time is over, or was before it began: it is counted, and this is what is told. */
  timeoutError(): TimeoutError {
    this.watch.timedOut++;
    return new TimeoutError(this.phase, this.ms);
  }

  /** The time is over. Must not throw. */
  abstract expired(): void;
}

/*
 * A response that is there beats a timer that is due in the same turn. But it may still be on its way through the layers
 * inside, at up to three microtasks for each that answers by way of a promise (an async function that returns one): this is
 * enough for ten. With real timers it costs nothing, since the microtasks run before the next timer anyway.
 */
const microtasksForAnswers = 32;

const settled: Promise<void> = Promise.resolve();

/** One timer for all who are watched, armed only while there are any. */
export class Watch {
  /** How many were given up on. */
  timedOut = 0;
  /** Work that was given up on and has not settled. */
  abandoned = 0;
  private readonly alarm: Alarm;
  private readonly queue: DueQueue = new DueQueue();

  constructor(clock: Clock) {
    this.alarm = new Alarm(clock, (now) => {
      this.afterAnswers(microtasksForAnswers, now);
    });
  }

  add(watched: Watched, now: number): void {
    this.queue.add(watched);
    // When others are due earlier, the alarm is set already.
    if (this.queue.first === watched) this.alarm.set(watched.due, now);
  }

  remove(watched: Watched): void {
    // An alarm that is early finds nobody due and is set again: cheaper than to set it for each who leaves.
    if (this.queue.remove(watched) && this.queue.first === undefined) this.alarm.clear();
  }

  private afterAnswers(microtasks: number, now: number): void {
    if (microtasks === 0) this.expire(now);
    else
      void settled.then(() => {
        this.afterAnswers(microtasks - 1, now);
      });
  }

  private expire(now: number): void {
    let first = this.queue.first as Watched | undefined;
    while (first !== undefined && first.due <= now) {
      this.queue.remove(first);
      first.expired();
      first = this.queue.first as Watched | undefined;
    }
    if (first !== undefined) this.alarm.set(first.due);
  }
}

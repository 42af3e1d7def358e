import type { Clock } from "@sluice/core";
import { type AbortListener, Alarm, listen, unlisten } from "@sluice/core/internal";
import { Due, DueHeap } from "./due-heap.ts";
import { TimeoutError, type TimeoutPhase } from "./timeout-error.ts";

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
  private readonly heap: DueHeap = new DueHeap();
  private readonly alarm: Alarm;

  constructor(clock: Clock) {
    this.alarm = new Alarm(clock, (now) => this.afterAnswers(microtasksForAnswers, now));
  }

  add(watched: Watched, now: number): void {
    this.heap.add(watched);
    // When others are due earlier, the alarm is set already.
    if (this.heap.first === watched) this.alarm.set(watched.due, now);
  }

  remove(watched: Watched): void {
    // An alarm that is early finds nobody due and is set again: cheaper than to set it for each who leaves.
    if (this.heap.remove(watched) && this.heap.first === undefined) this.alarm.clear();
  }

  private afterAnswers(microtasks: number, now: number): void {
    if (microtasks > 0) void settled.then(() => this.afterAnswers(microtasks - 1, now));
    else {
      for (let { first } = this.heap; first !== undefined; { first } = this.heap) {
        if (first.due > now) {
          this.alarm.set(first.due);
          return;
        }
        (first as Watched).expire();
      }
    }
  }
}

/** Somebody who is given up on in time, and until then follows the caller's signal. */
export abstract class Watched extends Due implements AbortListener {
  protected readonly watch: Watch;
  /** Aborts those inside. */
  protected readonly controller: AbortController = new AbortController();
  private readonly caller: AbortSignal | undefined;
  private phase: TimeoutPhase = "call";
  private ms = 0;

  constructor(watch: Watch, caller: AbortSignal | undefined) {
    super();
    this.watch = watch;
    this.caller = caller;
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

  /** The signal must not be aborted yet. */
  protected follow(): void {
    if (this.caller !== undefined) listen(this.caller, this);
  }

  protected unfollow(): void {
    if (this.caller !== undefined) unlisten(this.caller, this);
  }

  /** The caller gave up: those inside are told, and it ends when they say so. */
  aborted(reason: unknown): void {
    this.watch.remove(this);
    this.controller.abort(reason);
  }

  /** The time is over. */
  expire(): void {
    const error = this.timeoutError();
    this.watch.remove(this);
    this.unfollow();
    this.giveUp(error);
    this.controller.abort(error);
  }

  /** Tells the caller. Must not throw. */
  protected abstract giveUp(error: TimeoutError): void;
}

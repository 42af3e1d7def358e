import { type Clock, longestTimer, systemClock } from "../contract/clock.ts";
import { Alarm, delayOf } from "./alarm.ts";
import { timeOf } from "./cached-time.ts";
import { DueHeap } from "./due-heap.ts";
import { areTimersFaked, timersInPlace } from "./fake-timers.ts";
import { report } from "./report.ts";

/** Something that ends at a time, unless it is removed before: what stands in {@link Deadlines}, in one at a time. */
export abstract class Deadline {
  /**
   * When it ends, in the clock's milliseconds, when it is added. {@link Deadlines} moves it where its time is ahead of the clock, because the
   * clock was set back; nobody else may change it while it stands there.
   */
  abstract due: number;
  /** @internal a link of the heap, as the next two are */
  previous: Deadline | undefined = undefined;
  /** @internal */
  next: Deadline | undefined = undefined;
  /** @internal */
  below: Deadline | undefined = undefined;
  /**
   * Its time is over, and it has been removed. Called in the async context of whoever armed the timer: to go on in the context of one
   * caller, resolve a promise whose `then` was called in that caller's turn. What this throws is reported.
   */
  abstract expire(): void;
}

/*
 * A response that is there beats a timer that is due in the same turn. But it may still be on its way through the layers
 * inside, at up to three microtasks for each that answers by way of a promise (an async function that returns one): this is
 * enough for ten. With real timers it costs nothing, since the microtasks run before the next timer anyway.
 */
const microtasksForAnswers = 32;

/*
 * To arm a timer and to clear it costs more than all the rest of a call, and many a call is answered in the turn in which it
 * began (`pnpm bench alone`). The process's own timers cannot fire before that turn is over: so the timer is armed so many
 * microtasks later, for deadlines that are still pending. Enough for a timeout around a retry around a timeout.
 */
const microtasksUnarmed = 8;

const settled: Promise<void> = Promise.resolve();

/**
 * Many deadlines, one timer: armed only while any of them is left, and for those that outlive the turn in which they were added, so
 * that a call that is answered at once touches no timer. Adding, and removing, take a few steps where all have the same time to
 * go, and O(log n) on average in any order.
 *
 * A deadline whose time is over still loses to what has been answered by then: `expire` is called 32 microtasks after the timer
 * has fired, which lets an answer pass ten layers. Those that are due together expire in the order in which they were added,
 * where all have the same time to go.
 *
 * A clock other than the system's is armed at once: a test may move it in the turn of the call. Of the system's, under fake timers, each
 * deadline has a timer of its own: they may be cleared between two calls, and may leave the time as it is, and then no two deadlines can
 * be compared.
 *
 * @example
 * class Attempt extends Deadline {
 *   constructor(public due: number, readonly expire: () => void) {
 *     super();
 *   }
 * }
 * const deadlines = new Deadlines(clock);
 * const attempt = new Attempt(clock.now() + 100, () => controller.abort());
 * deadlines.add(attempt);
 * work.finally(() => deadlines.remove(attempt));
 */
export class Deadlines {
  private readonly heap: DueHeap<Deadline> = new DueHeap();
  private readonly clock: Clock;
  private readonly alarm: Alarm;
  /** Microtasks that have passed since a deadline was added for which the timer is to be armed; 0 when there is none. */
  private unarmed = 0;
  /** Whether the timer has fired, and answers that are on their way are waited for. */
  private ringing = false;
  /** Under fake timers: the timer of each. */
  private alone: Map<Deadline, OwnTimer> | undefined = undefined;

  /** @param clock in whose time deadlines are due */
  constructor(clock: Clock) {
    this.clock = clock;
    this.alarm = new Alarm(clock, (now) => this.ring(now));
  }

  /** The time in which deadlines are due, in milliseconds: the clock's, which never goes back, or what was due when a timer fired. */
  now(): number {
    return this.alarm.now();
  }

  /** Lets `deadline` expire when it is due, unless it is removed before. It must stand nowhere. */
  add(deadline: Deadline): void {
    const isSystems = this.clock === systemClock;
    if (isSystems && areTimersFaked()) {
      this.addAlone(deadline);
      return;
    }
    // Read first: the clock may have been set back.
    this.alarm.now();
    if (this.alarm.ahead !== 0) deadline.due += this.alarm.ahead;
    this.heap.add(deadline);
    // When others are due earlier, the alarm is set already, unless fake timers were in place in the meantime.
    if ((this.heap.first !== deadline && this.alarm.trusted) || this.ringing) return;
    if (!isSystems) this.arm();
    else if (this.unarmed === 0) this.armLater();
  }

  /** Takes `deadline` out; false when it does not stand here. */
  remove(deadline: Deadline): boolean {
    if (this.alone !== undefined && this.removeAlone(deadline)) return true;
    const removed = this.heap.remove(deadline);
    // An alarm that is early finds nothing due and is set again: cheaper than to set it for each that leaves.
    if (removed && this.heap.first === undefined) this.alarm.clear();
    return removed;
  }

  private readonly armLater = (): void => {
    if (this.heap.first !== undefined && this.unarmed++ < microtasksUnarmed) void settled.then(this.armLater);
    else {
      this.unarmed = 0;
      this.arm();
    }
  };

  private arm(): void {
    const { first } = this.heap;
    if (first === undefined) {
      // Those it was armed for may have expired before it fired: it was late.
      this.alarm.clear();
      return;
    }
    const now = this.alarm.now();
    if (first.due > now) this.alarm.set(first.due);
    // The work has computed for all of its time.
    else this.ring(now);
  }

  private ring(now: number): void {
    if (this.ringing) return;
    this.ringing = true;
    afterAnswers(() => {
      this.ringing = false;
      for (let { first } = this.heap; first !== undefined && first.due <= now; { first } = this.heap) {
        this.heap.remove(first);
        expire(first);
      }
      this.arm();
    });
  }

  private addAlone(deadline: Deadline): void {
    const timers = (this.alone ??= new Map<Deadline, OwnTimer>());
    const wait = delayOf(Math.max(deadline.due - timeOf(this.clock), 0));
    const run = (): void => {
      if (timers.get(deadline) !== timer) return;
      timers.delete(deadline);
      // A time beyond the longest timer is reached in steps.
      if (wait > longestTimer) this.addAlone(deadline);
      else expire(deadline);
    };
    const handle = this.clock.setTimeout(() => afterAnswers(run), Math.min(wait, longestTimer));
    const timer: OwnTimer = { handle, armedBy: timersInPlace() };
    timers.set(deadline, timer);
  }

  private removeAlone(deadline: Deadline): boolean {
    const timer = this.alone?.get(deadline);
    if (timer === undefined) return false;
    // Of other fake timers, a handle may be that of another timer.
    if (timer.armedBy === timersInPlace()) this.clock.clearTimeout(timer.handle);
    return this.alone!.delete(deadline);
  }
}

/** A fake timer. */
interface OwnTimer {
  readonly handle: unknown;
  /** The function that set it. */
  readonly armedBy: unknown;
}

function expire(deadline: Deadline): void {
  try {
    deadline.expire();
  } catch (error) {
    report(error);
  }
}

/** Calls `run` when answers that are there have had the time to arrive. */
function afterAnswers(run: () => void, microtasks = microtasksForAnswers): void {
  if (microtasks === 0) run();
  else void settled.then(() => afterAnswers(run, microtasks - 1));
}

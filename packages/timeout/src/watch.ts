import type { Clock } from "@sluice/core";
import { isVirtual } from "@sluice/core/internal";
import { Alarm } from "@sluice/core/kit";
import { DueHeap } from "./due-heap.ts";
import type { Timed } from "./timed.ts";

/*
 * A response that is there beats a timer that is due in the same turn. But it may still be on its way through the layers
 * inside, at up to three microtasks for each that answers by way of a promise (an async function that returns one): this is
 * enough for ten. With real timers it costs nothing, since the microtasks run before the next timer anyway.
 */
const microtasksForAnswers = 32;

/*
 * To arm a timer and to clear it costs more than all the rest of a call, and many a call is answered in the turn in which it
 * began (`pnpm bench alone`). The process's own timers cannot fire before that turn is over: so the timer is armed so many
 * microtasks later, for those who are still here. Enough for a timeout around a retry around a timeout.
 */
const microtasksUnarmed = 8;

const settled: Promise<void> = Promise.resolve();

/** One timer for all who are watched, armed only while there are any. */
export class Watch {
  /** How many were given up on. */
  timedOut = 0;
  /** Work that was given up on and has not settled. */
  abandoned = 0;
  private readonly heap: DueHeap<Timed> = new DueHeap();
  private readonly clock: Clock;
  private readonly alarm: Alarm;
  /** Microtasks that have passed since somebody came for whom the timer is to be armed; 0 when there is none. */
  private unarmed = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.alarm = new Alarm(clock, (now) => this.ring(now));
  }

  /** Must be followed by {@link begun}, in the same turn. */
  add(timed: Timed): void {
    this.heap.add(timed);
    // Whoever moves a virtual clock may move it in this very turn. When others are due earlier, the alarm is set already.
    if (this.heap.first === timed && isVirtual(this.clock)) this.arm();
  }

  /** The work has begun. Said after its answer is followed, so that the answer comes first where it is there. */
  begun(timed: Timed): void {
    if (this.unarmed === 0 && this.heap.first === timed && !isVirtual(this.clock)) this.armLater();
  }

  remove(timed: Timed): void {
    // An alarm that is early finds nobody due and is set again: cheaper than to set it for each who leaves.
    if (this.heap.remove(timed) && this.heap.first === undefined) this.alarm.clear();
  }

  private readonly armLater = (): void => {
    const { first } = this.heap;
    // A deadline may be that of a timeout further out, which is then the first to be armed, and to give up.
    const microtasks = first?.bound?.phase === "deadline" ? microtasksUnarmed + 1 : microtasksUnarmed;
    if (first !== undefined && this.unarmed++ < microtasks) void settled.then(this.armLater);
    else {
      this.unarmed = 0;
      this.arm();
    }
  };

  private arm(): void {
    const { first } = this.heap;
    if (first === undefined) return;
    const now = this.clock.now();
    if (first.due > now) this.alarm.set(first.due, now);
    // The work has computed for all of its time.
    else this.ring(now);
  }

  private ring(now: number, microtasks = microtasksForAnswers): void {
    if (microtasks > 0) void settled.then(() => this.ring(now, microtasks - 1));
    else {
      for (let { first } = this.heap; first !== undefined && first.due <= now; { first } = this.heap) first.expire();
      this.arm();
    }
  }
}

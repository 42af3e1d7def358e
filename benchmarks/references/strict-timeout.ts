import type { WorkOptions } from "./work.ts";

/** The options of the work, as members that a spread keeps. */
export interface StrictOptions extends WorkOptions {
  readonly signal: AbortSignal;
  readonly deadline: number;
  /** The call has been answered, and this work goes on. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** An attempt with a deadline at `due`. */
export class StrictTimed {
  readonly due: number;
  readonly controller: AbortController = new AbortController();
  previous: StrictTimed | undefined = undefined;
  next: StrictTimed | undefined = undefined;
  private wake!: () => void;

  /** @param giveUp called in the async context of the caller; then the signal of the work aborts */
  constructor(due: number, giveUp: (error: Error) => void) {
    this.due = due;
    // The timer fires in the context of any caller; `then` here restores this caller's context.
    void new Promise<void>((resolve) => {
      this.wake = resolve;
    }).then(() => {
      const error = new Error("too late");
      giveUp(error);
      this.controller.abort(error);
    });
  }

  ring(): void {
    this.wake();
  }
}

/** As `TimeoutList`, but no timer is armed while no call is left: it is armed a few microtasks late, for the calls that are still there. */
export class StrictTimeoutList {
  private first: StrictTimed | undefined = undefined;
  private last: StrictTimed | undefined = undefined;
  private timer: NodeJS.Timeout | undefined = undefined;
  private microtasks = 0;

  add(timed: StrictTimed): void {
    timed.previous = this.last;
    if (this.last === undefined) this.first = timed;
    else this.last.next = timed;
    this.last = timed;
    if (this.timer === undefined && this.microtasks === 0) this.armLater();
  }

  /** False when it is not in this list. */
  remove(timed: StrictTimed): boolean {
    const { previous, next } = timed;
    if (previous === undefined && this.first !== timed) return false;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    timed.previous = undefined;
    timed.next = undefined;
    if (this.first === undefined && this.timer !== undefined) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    return true;
  }

  private readonly armLater = (): void => {
    if (this.first !== undefined && this.microtasks++ < 8) void settled.then(this.armLater);
    else {
      this.microtasks = 0;
      this.arm(performance.now());
    }
  };

  private readonly ring = (): void => {
    const now = performance.now();
    this.timer = undefined;
    for (let { first } = this; first !== undefined && first.due <= now; { first } = this) {
      this.remove(first);
      first.ring();
    }
    this.arm(now);
  };

  private arm(now: number): void {
    if (this.first !== undefined) this.timer = setTimeout(this.ring, Math.max(1, this.first.due - now));
  }
}

const settled: Promise<void> = Promise.resolve();

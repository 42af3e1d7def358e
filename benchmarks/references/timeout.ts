import type { Work, WorkOptions } from "./work.ts";

/** A call with a deadline at `due`. Its links are those of its list. */
export class Timed implements WorkOptions {
  readonly due: number;
  /** Rejects the call. */
  giveUp!: (error: Error) => void;
  previous: Timed | undefined = undefined;
  next: Timed | undefined = undefined;
  private controller: AbortController | undefined = undefined;

  constructor(due: number) {
    this.due = due;
  }

  /** Made only when the work reads it, for most work does not. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return this.controller.signal;
  }

  ring(error: Error): void {
    this.controller?.abort(error);
    this.giveUp(error);
  }
}

/** All calls have the same timeout, so they are due in the order of their start: a list, and one timer for its head. */
export class TimeoutList {
  private readonly ms: number;
  private first: Timed | undefined = undefined;
  private last: Timed | undefined = undefined;
  private timer: NodeJS.Timeout | undefined = undefined;

  constructor(ms: number) {
    this.ms = ms;
  }

  add(now: number): Timed {
    const timed = new Timed(now + this.ms);
    timed.previous = this.last;
    if (this.last === undefined) this.first = timed;
    else this.last.next = timed;
    this.last = timed;
    // The timer stays armed while the list is empty for a short time, and is unreferenced then, so that it does not keep the process alive.
    if (this.timer === undefined) this.timer = setTimeout(this.ring, this.ms);
    else if (this.first === timed) this.timer.ref();
    return timed;
  }

  remove(timed: Timed): void {
    const { previous, next } = timed;
    if (previous === undefined && this.first !== timed) return;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    timed.previous = undefined;
    timed.next = undefined;
    if (this.first === undefined) this.timer?.unref();
  }

  private readonly ring = (): void => {
    const now = performance.now();
    for (let { first } = this; first !== undefined && first.due <= now; { first } = this) {
      this.remove(first);
      first.ring(new Error("too late"));
    }
    this.timer = this.first === undefined ? undefined : setTimeout(this.ring, Math.max(1, this.first.due - now));
  };
}

/** Gives up after `ms`, and aborts the signal of the work. */
export function timeoutByHand<Req, Res>(work: Work<Req, Res>, ms: number): Work<Req, Res> {
  const list = new TimeoutList(ms);
  return (request) =>
    new Promise((resolve, reject) => {
      const timed = list.add(performance.now());
      timed.giveUp = reject;
      void work(request, timed).then(
        (response) => {
          list.remove(timed);
          resolve(response);
        },
        (reason: unknown) => {
          list.remove(timed);
          reject(reason);
        },
      );
    });
}

/** The common way: a timer for each call. */
export function timerByHand<Req, Res>(work: Work<Req, Res>, ms: number): Work<Req, Res> {
  return (request) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error("too late"));
      }, ms);
      void work(request).then(
        (response) => {
          clearTimeout(timer);
          resolve(response);
        },
        (reason: unknown) => {
          clearTimeout(timer);
          reject(reason);
        },
      );
    });
}

import { type CallOptions, events } from "@sluice/core";
import { ask, handUp, type Reservation, type Stack } from "@sluice/core/internal";
import {
  type AbortListener,
  abortReason,
  abortWith,
  type Deadline,
  type Deadlines,
  listen,
  ownController,
  promiseOf,
  unlisten,
} from "@sluice/core/kit";
import { TimeoutError, type TimeoutPhase } from "./timeout-error.ts";

/** How long somebody has, and for what. */
export interface Bound {
  readonly phase: TimeoutPhase;
  readonly ms: number;
}

/** What all calls and waits of a layer have in common. */
export interface Timing {
  readonly deadlines: Deadlines;
  readonly label: string | undefined;
  /** How many were given up on. */
  timedOut: number;
  /** Work that was given up on and has not settled. */
  abandoned: number;
}

/**
 * A call, or a wait for readiness, that is given up on in time, and until then follows the caller's signal. One class for
 * both, which extends none: constructors that call each other cost a call a tenth of its time.
 */
export class Timed implements AbortListener, Deadline {
  due: number = Number.POSITIVE_INFINITY;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  below: Deadline | undefined = undefined;
  bound: Bound | undefined = undefined;
  /** The caller's. */
  readonly waitUntil: CallOptions["waitUntil"];
  private readonly caller: AbortSignal | undefined;
  private readonly timing: Timing;
  /** Aborts those inside. */
  private readonly controller: AbortController = ownController();
  /** What follows the caller's signal: the answer, and what was handed up. */
  private pending = 1;
  private state: "running" | "settled" | "gave up" = "running";
  /** Of a call. */
  private answer: Promise<unknown> | undefined = undefined;
  /** Ends the call, or the wait, with a failure. */
  private fail!: (reason: unknown) => void;
  /** Kept as soon as the time is over. */
  private over!: (timed: Timed) => void;

  /** @param caller must not be aborted yet */
  constructor(timing: Timing, caller: AbortSignal | undefined, waitUntil: CallOptions["waitUntil"]) {
    this.timing = timing;
    this.caller = caller;
    this.waitUntil = waitUntil;
  }

  /** Lowers the time to `due`, unless it is lower already. */
  lower(bound: Bound, due: number): void {
    if (due >= this.due) return;
    this.due = due;
    this.bound = bound;
  }

  /** The time is over, or was before it began: it is counted and announced, and this is the failure. */
  timeoutError(): TimeoutError {
    this.timing.timedOut++;
    const { phase, ms } = this.bound!;
    if (events.listening) events.emit({ type: "timeout", ...this.about, phase, ms });
    return new TimeoutError(phase, ms);
  }

  /** What all events have in common. */
  private get about(): { readonly layer: string; readonly label: string | undefined; readonly source: object } {
    return { layer: "timeout", label: this.timing.label, source: this.timing };
  }

  /** Spends `reservation`. */
  call(reservation: Reservation, request: unknown): Promise<unknown> {
    const { caller, controller, due: deadline } = this;
    if (caller !== undefined) listen(caller, this);
    this.timing.deadlines.add(this);
    const waitUntil = caller === undefined ? this.waitUntil : this.follower();
    const answer = reservation.start(request, { signal: controller.signal, deadline, waitUntil }, false);
    this.answer = answer;
    this.giveUpInTime();
    const ended = new Promise<unknown>(keep);
    const resolve = keptResolve;
    this.fail = keptReject;
    forget();
    answer.then(
      (value) => {
        this.settled();
        resolve(value);
      },
      (reason: unknown) => {
        this.settled();
        this.fail(reason);
      },
    );
    return ended;
  }

  /** As {@link Stack.reserve}. */
  wait(
    inner: Stack,
    request: unknown,
    granted: (reservation: Reservation) => void,
    failed: (reason: unknown) => void,
  ): void {
    const { caller, controller, due: deadline } = this;
    if (caller !== undefined) listen(caller, this);
    ask(
      inner,
      { request, signal: controller.signal, deadline },
      (reservation) => {
        // Too late: the grant and the end of the time have met.
        if (this.state === "gave up") reservation.cancel();
        else {
          this.settled();
          if (!caller?.aborted) granted(reservation);
          else {
            // Another listener stopped the event of the abort.
            reservation.cancel();
            failed(abortReason(caller));
          }
        }
      },
      (reason) => {
        if (this.state === "gave up") return;
        this.settled();
        failed(reason);
      },
    );
    if (this.pending === 0 || caller?.aborted) return;
    this.fail = failed;
    this.giveUpInTime();
    this.timing.deadlines.add(this);
  }

  /** The caller gave up: those inside are told at once, and it ends when they say so. */
  aborted(reason: unknown): void {
    this.timing.deadlines.remove(this);
    abortWith(this.controller, reason);
  }

  expire(): void {
    this.over(this);
  }

  /** The timer is shared, and fires in the context of any caller. What is attached here runs in the context of this one. */
  private giveUpInTime(): void {
    const over = new Promise<Timed>(keep);
    this.over = keptResolve;
    forget();
    void over.then(giveUp);
  }

  /** @internal the time is over */
  giveUp(): void {
    const { caller } = this;
    // An answer, or the caller's abort, may have come between the timer and now.
    if (this.state !== "running" || this.controller.signal.aborted) return;
    // An abort that was never heard of, because another listener stopped its event, is told now.
    if (caller?.aborted) {
      this.aborted(abortReason(caller));
      return;
    }
    const error = this.timeoutError();
    this.state = "gave up";
    this.unfollow();
    if (this.answer !== undefined) this.abandon(this.answer);
    this.fail(error);
    abortWith(this.controller, error);
  }

  private abandon(answer: Promise<unknown>): void {
    const { timing } = this;
    timing.abandoned++;
    // Before the caller hears of it: gates outside must not think that the work is over.
    handUp(this, answer);
    if (!events.listening) return;
    const since = timing.deadlines.now();
    events.emit({ type: "abandoned", ...this.about, settled: false, after: 0 });
    const settled = (): void => {
      if (!events.listening) return;
      events.emit({ type: "abandoned", ...this.about, settled: true, after: timing.deadlines.now() - since });
    };
    answer.then(settled, settled);
  }

  private settled(): void {
    if (this.state === "gave up") this.timing.abandoned--;
    else this.state = "settled";
    this.timing.deadlines.remove(this);
    this.left();
  }

  /** An abort still reaches what goes on behind the answer, such as a streamed body. */
  private follower(): (work: Promise<unknown>) => void {
    return (work) => {
      const left = (): void => this.left();
      this.pending++;
      promiseOf(work).then(left, left);
      handUp(this, work);
    };
  }

  private left(): void {
    if (--this.pending === 0) this.unfollow();
  }

  private unfollow(): void {
    if (this.caller !== undefined) unlisten(this.caller, this);
  }
}

// One function for all calls: new ones for each, with what they close over, cost a call 20 ns.
const nobody = (): void => {};
let keptResolve: (value: any) => void = nobody;
let keptReject: (reason: unknown) => void = nobody;
const keep = (resolve: (value: any) => void, reject: (reason: unknown) => void): void => {
  keptResolve = resolve;
  keptReject = reject;
};
/** Or the async context of the last caller would be kept alive. */
const forget = (): void => {
  keptResolve = keptReject = nobody;
};
const giveUp = (timed: Timed): void => {
  timed.giveUp();
};

import type { CallOptions, ReadyOptions } from "@sluice/core";
import { handUp, type Reservation, type Stack } from "@sluice/core/internal";
import {
  type AbortListener,
  abortWith,
  type Deadline,
  type Deadlines,
  listen,
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
  private readonly controller: AbortController = new AbortController();
  /** What follows the caller's signal: the answer, and what was handed up. */
  private pending = 1;
  private gaveUp = false;
  /** Of a call. */
  private answer: Promise<unknown> | undefined = undefined;
  private tell: ((reason: unknown) => void) | undefined = undefined;

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

  /** The time is over, or was before it began: it is counted, and this is what is told. */
  timeoutError(): TimeoutError {
    this.timing.timedOut++;
    const { phase, ms } = this.bound!;
    return new TimeoutError(phase, ms);
  }

  /** Spends `reservation`. */
  call(reservation: Reservation, request: unknown): Promise<unknown> {
    const { caller, controller, due: deadline } = this;
    if (caller !== undefined) listen(caller, this);
    this.timing.deadlines.add(this);
    const waitUntil = caller === undefined ? this.waitUntil : this.follower();
    const answer = reservation.start(request, { signal: controller.signal, deadline, waitUntil }, false);
    this.answer = answer;
    return new Promise((resolve, reject) => {
      this.tell = reject;
      answer.then(
        (value) => {
          this.settled();
          resolve(value);
        },
        (reason: unknown) => {
          this.settled();
          reject(reason);
        },
      );
    });
  }

  /** As {@link Stack.reserve}. */
  wait(
    inner: Stack,
    { request }: ReadyOptions,
    granted: (reservation: Reservation) => void,
    failed: (reason: unknown) => void,
  ): void {
    const { caller, controller, due: deadline } = this;
    if (caller !== undefined) listen(caller, this);
    inner.reserve(
      { request, signal: controller.signal, deadline },
      (reservation) => {
        // Too late: the grant and the end of the time have met.
        if (this.gaveUp) reservation.cancel();
        else {
          this.settled();
          granted(reservation);
        }
      },
      (reason) => {
        if (this.gaveUp) return;
        this.settled();
        failed(reason);
      },
    );
    if (this.pending === 0 || caller?.aborted) return;
    // The timer rings in the context of whoever set it. What is attached here runs in the caller's.
    void new Promise((resolve) => {
      this.tell = resolve;
    }).then(failed);
    this.timing.deadlines.add(this);
  }

  /** The caller gave up: those inside are told, and it ends when they say so. */
  aborted(reason: unknown): void {
    this.timing.deadlines.remove(this);
    abortWith(this.controller, reason);
  }

  /** The time is over. */
  expire(): void {
    const error = this.timeoutError();
    this.gaveUp = true;
    this.unfollow();
    if (this.answer !== undefined) {
      this.timing.abandoned++;
      // Before the caller hears of it: gates outside must not think that the work is over.
      handUp(this, this.answer);
    }
    this.tell!(error);
    abortWith(this.controller, error);
  }

  private settled(): void {
    if (this.gaveUp) this.timing.abandoned--;
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

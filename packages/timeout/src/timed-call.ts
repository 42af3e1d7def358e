import type { CallOptions } from "@sluice/core";
import { handUp, promiseOf, type Reservation } from "@sluice/core/internal";
import type { TimeoutError } from "./timeout-error.ts";
import { type Watch, Watched } from "./watch.ts";

/** A call that is answered in time, one way or the other. */
export class TimedCall extends Watched {
  private readonly options: CallOptions;
  /** The work that follows the caller's signal: the answer, and what was handed up. */
  private pending = 1;
  private gaveUp = false;
  private answer!: Promise<unknown>;
  private reject!: (reason: unknown) => void;

  constructor(watch: Watch, options: CallOptions) {
    super(watch, options.signal);
    this.options = options;
  }

  /** Spends `reservation`. */
  begin(reservation: Reservation, request: unknown, now: number): Promise<unknown> {
    this.follow();
    this.watch.add(this, now);
    const { signal } = this.controller;
    this.answer = reservation.start(request, { signal, deadline: this.due, waitUntil: this.waitUntil }, false);
    return new Promise((resolve, reject) => {
      this.reject = reject;
      this.answer.then(
        (value) => {
          this.answered();
          resolve(value);
        },
        (reason: unknown) => {
          this.answered();
          reject(reason);
        },
      );
    });
  }

  protected override giveUp(error: TimeoutError): void {
    this.gaveUp = true;
    this.watch.abandoned++;
    // Before the caller hears of it: gates outside must not think that the work is over.
    handUp(this.options, this.answer);
    this.reject(error);
  }

  private answered(): void {
    if (this.gaveUp) this.watch.abandoned--;
    this.watch.remove(this);
    this.left();
  }

  /** An abort still reaches what goes on behind the answer, such as a streamed body. */
  private readonly waitUntil = (work: Promise<unknown>): void => {
    this.pending++;
    promiseOf(work).then(this.left, this.left);
    handUp(this.options, work);
  };

  private readonly left = (): void => {
    if (--this.pending === 0) this.unfollow();
  };
}

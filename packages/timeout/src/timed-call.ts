import type { CallOptions } from "@sluice/core";
import { type AbortListener, handUp, listen, type Reservation, unlisten } from "@sluice/core/internal";
import { type Watch, Watched } from "./watch.ts";

/** A call that is answered in time, one way or the other. */
export class TimedCall extends Watched implements AbortListener {
  private readonly options: CallOptions;
  private readonly controller: AbortController = new AbortController();
  /** The work that the caller's signal is passed on to: the answer, and what was handed up. */
  private pending = 1;
  private gaveUp = false;
  private answer!: Promise<unknown>;
  private reject!: (reason: unknown) => void;

  constructor(watch: Watch, options: CallOptions) {
    super(watch);
    this.options = options;
  }

  /** Spends `reservation`. The signal must not be aborted yet. */
  begin(reservation: Reservation, request: unknown, now: number): Promise<unknown> {
    const { signal, waitUntil } = this.options;
    if (signal !== undefined) listen(signal, this);
    this.watch.add(this, now);
    this.answer = reservation.start(
      request,
      {
        signal: this.controller.signal,
        deadline: this.due,
        waitUntil: signal === undefined ? waitUntil : this.waitUntil,
      },
      false,
    );
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

  /** The caller gave up: the work is told, and the call settles when it does. */
  aborted(reason: unknown): void {
    this.watch.remove(this);
    this.controller.abort(reason);
  }

  expired(): void {
    const error = this.timeoutError();
    const { signal } = this.options;
    if (signal !== undefined) unlisten(signal, this);
    this.gaveUp = true;
    this.watch.abandoned++;
    // Before the caller hears of it: gates outside must not think that the work is over.
    handUp(this.options, this.answer);
    this.reject(error);
    this.controller.abort(error);
  }

  private answered(): void {
    if (this.gaveUp) this.watch.abandoned--;
    this.watch.remove(this);
    this.left();
  }

  /** An abort still reaches what goes on behind the answer, such as a streamed body. */
  private readonly waitUntil = (work: Promise<unknown>): void => {
    this.pending++;
    Promise.resolve(work).then(this.left, this.left);
    handUp(this.options, work);
  };

  private readonly left = (): void => {
    const { signal } = this.options;
    if (--this.pending === 0 && signal !== undefined) unlisten(signal, this);
  };
}

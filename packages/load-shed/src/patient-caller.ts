import { OverloadedError } from "@sluice/core";
import { ask, type Asker, type Stack } from "@sluice/core/internal";
import {
  type AbortListener,
  abortReason,
  abortWith,
  Deadline,
  type Deadlines,
  isOwnAbort,
  isTimeout,
  listen,
  timerTolerance,
  unlisten,
} from "@sluice/core/kit";

/** What all callers of a layer who wait have in common. */
export interface Patience {
  readonly deadlines: Deadlines;
  /** How many wait. */
  waiting: number;
}

/** A caller that waits for readiness, for a limited time. */
export class PatientCaller extends Deadline implements AbortListener {
  override due: number;
  private readonly patience: Patience;
  private readonly asker: Asker;
  /** Takes back what was asked for inside. */
  private readonly withdrawal: AbortController = new AbortController();
  private over = false;
  private giveUp!: () => void;

  /** @param due when it gives up, in the clock's milliseconds */
  constructor(patience: Patience, asker: Asker, due: number) {
    super();
    this.patience = patience;
    this.asker = asker;
    this.due = due;
  }

  /**
   * Waits for a reservation inside. `late` is called when the time is over, in the caller's async context.
   */
  wait(inner: Stack, late: () => void, failed: (reason: unknown) => void): void {
    const { asker, patience } = this;
    const { request, signal, deadline = Number.POSITIVE_INFINITY } = asker;
    if (signal !== undefined) listen(signal, this);
    patience.waiting++;
    ask(
      inner,
      { request, signal: this.withdrawal.signal, deadline: Math.min(deadline, this.due) },
      (reservation) => {
        // Too late: the grant and the end of the time have met.
        if (!this.end()) reservation.cancel();
        else if (!signal?.aborted) asker.granted(reservation);
        else {
          // Another listener stopped the event of the abort.
          reservation.cancel();
          failed(abortReason(signal));
        }
      },
      (reason) => {
        if (!this.end()) return;
        // A timeout inside has taken the end of the wait, which is its deadline, for its own. By the clock it may come before.
        const ours = deadline > this.due && isTimeout(reason) && patience.deadlines.now() >= this.due - timerTolerance;
        if (ours && !isOwnAbort(signal, reason)) late();
        else failed(reason);
      },
    );
    if (this.over) return;
    // The timer fires in the context of another caller. What is attached here runs in this one's.
    void new Promise<void>((resolve) => {
      this.giveUp = resolve;
    }).then(() => {
      // A grant, or the caller's abort, may have come between the timer and now.
      if (this.withdrawal.signal.aborted || this.over) return;
      // An abort that was never heard of, because another listener stopped its event, is taken up now.
      if (signal?.aborted) {
        this.aborted(abortReason(signal));
        return;
      }
      this.end();
      abortWith(this.withdrawal, new OverloadedError("loadShed"));
      late();
    });
    patience.deadlines.add(this);
  }

  /** The caller gave up: what was asked for inside is withdrawn, and ends with the reason. */
  aborted(reason: unknown): void {
    abortWith(this.withdrawal, reason);
  }

  override expire(): void {
    this.giveUp();
  }

  /** Whether it ends now, and not before. */
  private end(): boolean {
    if (this.over) return false;
    this.over = true;
    const { signal } = this.asker;
    if (signal !== undefined) unlisten(signal, this);
    this.patience.waiting--;
    this.patience.deadlines.remove(this);
    return true;
  }
}

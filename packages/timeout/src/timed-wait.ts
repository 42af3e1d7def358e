import type { ReadyOptions } from "@sluice/core";
import { type AbortListener, listen, type Reservation, type Stack, unlisten } from "@sluice/core/internal";
import { type Watch, Watched } from "./watch.ts";

/** A wait for readiness that ends in time. */
export class TimedWait extends Watched implements AbortListener {
  private readonly options: ReadyOptions<unknown>;
  private readonly controller: AbortController = new AbortController();
  private over = false;
  private giveUp!: (reason: unknown) => void;

  constructor(watch: Watch, options: ReadyOptions<unknown>) {
    super(watch);
    this.options = options;
  }

  /**
   * As {@link Stack.reserve}.
   *
   * @param granted also told whether there was a wait
   */
  begin(
    inner: Stack,
    now: number,
    granted: (reservation: Reservation, waited: boolean) => void,
    failed: (reason: unknown) => void,
  ): void {
    const { request, signal } = this.options;
    let waited = false;
    if (signal !== undefined) listen(signal, this);
    inner.reserve(
      { request, signal: this.controller.signal, deadline: this.due },
      (reservation) => {
        // Too late: the grant and the end of the time have met.
        if (this.over) reservation.cancel();
        else {
          this.end();
          granted(reservation, waited);
        }
      },
      (reason) => {
        if (this.over) return;
        this.end();
        failed(reason);
      },
    );
    if (this.over) return;
    waited = true;
    this.watch.add(this, now);
    // The timer rings in the context of whoever set it. What is attached here runs in the caller's.
    void new Promise<unknown>((resolve) => {
      this.giveUp = resolve;
    }).then(failed);
  }

  aborted(reason: unknown): void {
    this.watch.remove(this);
    this.controller.abort(reason);
  }

  expired(): void {
    const error = this.timeoutError();
    this.end();
    this.controller.abort(error);
    this.giveUp(error);
  }

  private end(): void {
    const { signal } = this.options;
    this.over = true;
    this.watch.remove(this);
    if (signal !== undefined) unlisten(signal, this);
  }
}

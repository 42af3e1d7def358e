import type { ReadyOptions } from "@sluice/core";
import type { Reservation, Stack } from "@sluice/core/internal";
import type { TimeoutError } from "./timeout-error.ts";
import { Watched } from "./watch.ts";

/** A wait for readiness that ends in time. */
export class TimedWait extends Watched {
  private over = false;
  private tell!: (reason: unknown) => void;

  /**
   * As {@link Stack.reserve}.
   *
   * @param granted also told whether there was a wait
   */
  begin(
    inner: Stack,
    request: ReadyOptions["request"],
    now: number,
    granted: (reservation: Reservation, waited: boolean) => void,
    failed: (reason: unknown) => void,
  ): void {
    let waited = false;
    this.follow();
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
    void new Promise((resolve) => {
      this.tell = resolve;
    }).then(failed);
  }

  protected override giveUp(error: TimeoutError): void {
    this.over = true;
    this.tell(error);
  }

  private end(): void {
    this.over = true;
    this.watch.remove(this);
    this.unfollow();
  }
}

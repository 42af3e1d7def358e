import { Asker, type Reservation } from "@sluice/core/internal";
import { timeOf } from "@sluice/core/kit";
import type { MeteredCalls } from "./metered-call.ts";

/** Asks for readiness on behalf of a caller, which may have to wait. It is counted to its end, also where the meter is off by then. */
export class MeteredWait extends Asker {
  private readonly outer: Asker;
  private readonly calls: MeteredCalls;
  private state: "asks" | "waits" | "over" = "asks";
  private since = 0;

  constructor(outer: Asker, calls: MeteredCalls) {
    super(outer.request, outer.signal, outer.deadline);
    this.outer = outer;
    this.calls = calls;
    calls.counts.waiting++;
  }

  /** The service inside was asked. Who has an answer by now did not wait. */
  asked(): void {
    const { counts } = this.calls;
    if (this.state === "over") return;
    this.state = "waits";
    if (counts.wait !== undefined) this.since = timeOf(counts.clock);
  }

  override granted(reservation: Reservation): void {
    const { state, calls } = this;
    const { counts } = calls;
    this.end();
    if (state === "waits" && counts.wait !== undefined) counts.waited(timeOf(counts.clock) - this.since);
    this.outer.granted(calls.granted(reservation));
  }

  override failed(reason: unknown): void {
    this.end();
    this.calls.counts.unready.add(this.signal, reason);
    this.outer.failed(reason);
  }

  private end(): void {
    this.state = "over";
    this.calls.counts.waiting--;
  }
}

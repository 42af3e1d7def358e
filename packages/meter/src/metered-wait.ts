import { Asker, type Reservation } from "@sluice/core/internal";
import { timeOf } from "@sluice/core/kit";
import type { Counts } from "./counts.ts";
import type { MeteredCalls } from "./metered-call.ts";

/** Asks for readiness on behalf of a caller, which may have to wait. It is counted to its end, also where the meter is off by then. */
export class MeteredWait extends Asker {
  private readonly outer: Asker;
  private readonly calls: MeteredCalls;
  private readonly counts: Counts;
  private state: "asks" | "waits" | "over" = "asks";
  private since = 0;

  constructor(outer: Asker, calls: MeteredCalls) {
    super(outer.request, outer.signal, outer.deadline);
    this.outer = outer;
    this.calls = calls;
    this.counts = calls.counts;
    this.counts.waiting++;
  }

  /** The service inside was asked. Who has an answer by now did not wait. */
  asked(): void {
    const { counts } = this;
    if (this.state === "over") return;
    this.state = "waits";
    if (counts.wait !== undefined) this.since = timeOf(counts.clock);
  }

  override granted(reservation: Reservation): void {
    const { counts, state } = this;
    this.end();
    if (state === "waits" && counts.wait !== undefined) counts.waited(timeOf(counts.clock) - this.since);
    this.outer.granted(this.calls.granted(reservation));
  }

  override failed(reason: unknown): void {
    this.end();
    this.counts.unready.add(this.signal, reason);
    this.outer.failed(reason);
  }

  private end(): void {
    this.state = "over";
    this.counts.waiting--;
  }
}

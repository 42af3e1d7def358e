import type { ReadyOptions } from "@sluice/core";
import type { Reservation, Stack } from "@sluice/core/internal";
import { timeOf } from "@sluice/core/kit";
import type { Counts } from "./counts.ts";
import { MeteredCall } from "./metered-call.ts";

/** A caller that asks for readiness and may have to wait. It is counted to its end, also where the meter is off by then. */
export class MeteredWait {
  private readonly counts: Counts;
  private readonly signal: AbortSignal | undefined;
  private state: "asks" | "waits" | "over" = "asks";
  private since = 0;

  constructor(counts: Counts, signal: AbortSignal | undefined) {
    this.counts = counts;
    this.signal = signal;
  }

  /** As {@link Stack.reserve}. */
  reserve(
    inner: Stack,
    asked: ReadyOptions,
    granted: (reservation: Reservation) => void,
    failed: (reason: unknown) => void,
  ): void {
    const { counts } = this;
    counts.waiting++;
    inner.reserve(
      asked,
      (reservation) => {
        this.granted();
        granted(new MeteredCall(counts, reservation));
      },
      (reason) => {
        this.failed(reason);
        failed(reason);
      },
    );
    // A caller that has its answer by now did not wait.
    if (this.state === "over") return;
    this.state = "waits";
    if (counts.wait !== undefined) this.since = timeOf(counts.clock);
  }

  private granted(): void {
    const { counts, state } = this;
    this.state = "over";
    counts.waiting--;
    if (state === "waits") counts.wait?.record(timeOf(counts.clock) - this.since);
  }

  private failed(reason: unknown): void {
    const { counts, signal } = this;
    this.state = "over";
    counts.waiting--;
    counts.unready.add(signal, reason);
  }
}

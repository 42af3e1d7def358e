import type { CallOptions, HandlerOptions, Outcome } from "@sluice/core";
import { type Behaviour, handUp, observe, Reservation } from "@sluice/core/internal";
import { promiseOf, timeOf } from "@sluice/core/kit";
import type { Counts } from "./counts.ts";

/** A reservation that a meter counts, and the call that it is spent on: to its end, also where the meter is off by then. */
export class MeteredCall extends Reservation<Counts> {
  /** The caller's. */
  signal: AbortSignal | undefined = undefined;
  /** The caller's. */
  waitUntil: CallOptions["waitUntil"] = undefined;
  private since = 0;
  /** How many have not settled: the answer, and each work that was handed up. */
  private pending = 1;

  constructor(counts: Counts, inner: Reservation) {
    super(metered, counts, inner);
    counts.granted++;
    counts.reserved++;
  }

  begin(request: unknown, options: HandlerOptions, edge: boolean): Promise<unknown> {
    const counts = this.state;
    const passed = this.optionsInside(options);
    if (counts.duration !== undefined) this.since = timeOf(counts.clock);
    counts.reserved--;
    counts.active++;
    return observe(this.inner.start(request, passed, false), edge, this);
  }

  settled(outcome: Outcome): void {
    const counts = this.state;
    counts.active--;
    if (outcome.status === "fulfilled") counts.ok++;
    else counts.calls.add(this.signal, outcome.reason);
    if (--this.pending > 0) counts.abandoned++;
    if (counts.duration !== undefined) counts.took(counts.clock.now() - this.since);
  }

  /** It is released, unused. */
  release(): void {
    this.inner.cancel();
    this.state.reserved--;
    this.state.released++;
  }

  private optionsInside(options: HandlerOptions): CallOptions {
    try {
      const { signal, deadline, waitUntil } = options;
      this.signal = signal;
      this.waitUntil = waitUntil;
      return {
        signal,
        deadline,
        waitUntil: (work) => {
          this.hold(work);
        },
      };
    } catch {
      // Members that cannot be read are reported by the layer that needs them.
      return options;
    }
  }

  /** As a gate does: `abandoned` is above 0 for exactly as long as a limit in this place holds its slot. */
  private hold(work: Promise<unknown>): void {
    if (this.pending > 0) {
      this.pending++;
      const left = (): void => {
        if (--this.pending === 0) this.state.abandoned--;
      };
      promiseOf(work).then(left, left);
    }
    handUp(this, work);
  }
}

const metered: Behaviour<Counts> = {
  start: (call, request, options, edge) => (call as MeteredCall).begin(request, options, edge),
  cancel(call) {
    (call as MeteredCall).release();
  },
};

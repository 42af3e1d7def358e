import type { HandlerOptions } from "@sluice/core";
import { type Behaviour, handUp, nothing, Reservation, spentAlready } from "@sluice/core/internal";
import { promiseOf, timeOf } from "@sluice/core/kit";
import type { Counts } from "./counts.ts";

/** How many free ones are kept: what a rush needed is not kept for ever. */
const most = 1_000;

/** The calls that a meter counts in one stack. */
export class MeteredCalls {
  readonly counts: Counts;
  private readonly free: MeteredCall[] = [];

  constructor(counts: Counts) {
    this.counts = counts;
  }

  /** Counts what was granted: it holds `inner`. */
  granted(inner: Reservation): Reservation {
    const { counts, free } = this;
    counts.granted++;
    counts.reserved++;
    const call = free.pop() ?? new MeteredCall(this);
    call.inner = inner;
    return call;
  }

  /** It is over, and may be used again. */
  over(call: MeteredCall): void {
    const { free } = this;
    if (free.length < most) free.push(call);
  }
}

/**
 * A reservation that a meter counts, and the call that it is spent on: to its end, also where the meter is off by then. It is used again
 * for one after the other, as core's `Slot` is, and by its rules: a call allocates none, and one that runs holds nothing as young as
 * the call.
 */
class MeteredCall extends Reservation<MeteredCalls> {
  declare inner: Reservation;
  /** When the call began, in the clock's milliseconds; NaN where it is not read. */
  private since: number = Number.NaN;
  /** How many have not settled: the answer, and each work that was handed up. */
  private pending = 0;
  /** Which call this is: work that is handed up after its own is over must not count for another one. */
  private number = 0;
  /** Whether the observed promise is the answer. */
  private edge = false;

  constructor(calls: MeteredCalls) {
    super(metered, calls, nothing);
  }

  begin(request: unknown, options: HandlerOptions, edge: boolean): Promise<unknown> {
    const { inner } = this;
    if (inner === nothing) return spentAlready();
    const { counts } = this.state;
    if (counts.duration !== undefined) this.since = timeOf(counts.clock);
    this.inner = nothing;
    this.pending = 1;
    this.edge = edge;
    counts.reserved--;
    counts.active++;
    let passed = options;
    let { rejected } = this;
    try {
      const { signal, deadline } = options;
      // A bound function is smaller than a closure and what it closes over.
      const waitUntil = this.hold.bind(this, this.number, options);
      passed = { signal, deadline, waitUntil } as HandlerOptions;
      if (signal !== undefined) rejected = this.failed.bind(this, signal);
    } catch {
      // Members that cannot be read are reported by the layer that needs them.
    }
    const answer = inner.start(request, passed, false);
    const observed = answer.then(this.fulfilled, rejected);
    return edge ? observed : answer;
  }

  /** It was not used. */
  release(): void {
    const { inner } = this;
    if (inner === nothing) return;
    const { counts } = this.state;
    this.inner = nothing;
    inner.cancel();
    counts.reserved--;
    counts.released++;
    this.leave();
  }

  private readonly fulfilled = (value: unknown): unknown => {
    this.state.counts.ok++;
    this.answered();
    return value;
  };

  private readonly rejected = (reason: unknown): void => {
    this.failed(undefined, reason);
  };

  /** At the side of work that was handed up. */
  private readonly left = (): void => {
    if (--this.pending > 0) return;
    this.state.counts.abandoned--;
    this.leave();
  };

  private failed(signal: AbortSignal | undefined, reason: unknown): void {
    const { edge } = this;
    this.state.counts.calls.add(signal, reason);
    this.answered();
    if (edge) throw reason;
  }

  private answered(): void {
    const { counts } = this.state;
    counts.active--;
    if (--this.pending > 0) counts.abandoned++;
    else this.leave();
    if (counts.duration !== undefined) counts.took(counts.clock.now() - this.since);
  }

  /** As a gate does: `abandoned` is above 0 for exactly as long as a limit in this place holds its slot. */
  private hold(number: number, options: HandlerOptions, work: Promise<unknown>): void {
    if (number === this.number) {
      this.pending++;
      promiseOf(work).then(this.left, this.left);
    }
    handUp(options, work);
  }

  private leave(): void {
    this.number = (this.number + 1) | 0;
    this.state.over(this);
  }
}

const metered: Behaviour<MeteredCalls> = {
  start: (call, request, options, edge) => (call as MeteredCall).begin(request, options, edge),
  cancel(call) {
    (call as MeteredCall).release();
  },
};

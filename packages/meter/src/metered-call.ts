import type { HandlerOptions } from "@sluice/core";
import { type Behaviour, handUp, nothing, Reservation, spentAlready } from "@sluice/core/internal";
import { promiseOf, timeOf } from "@sluice/core/kit";
import type { Counts } from "./counts.ts";

/** How many free ones are kept: after a rush they are not kept for ever. */
const most = 1_000;

/** The calls that one meter counts. */
export class MeteredCalls {
  readonly counts: Counts;
  private first: MeteredCall | undefined = undefined;
  private free = 0;

  constructor(counts: Counts) {
    this.counts = counts;
  }

  /** Counts a permit, for what is reserved inside. */
  granted(inner: Reservation): Reservation {
    const { counts } = this;
    counts.granted++;
    counts.reserved++;
    let call = this.first;
    if (call === undefined) call = new MeteredCall(this);
    else {
      this.first = call.next;
      call.next = undefined;
      this.free--;
    }
    call.inner = inner;
    return call;
  }

  /** It may be used again. */
  freed(call: MeteredCall): void {
    if (this.free === most) return;
    this.free++;
    call.next = this.first;
    this.first = call;
  }
}

/**
 * A reservation that a meter counts, and the call that it is spent on: to its end, also where the meter is off by then. As core's `Slot` it is used again, so
 * that a call makes no object for it; and as there it holds nothing of the call that runs.
 */
class MeteredCall extends Reservation<MeteredCalls> {
  declare inner: Reservation;
  /** The next free one, while this one is free. */
  next: MeteredCall | undefined = undefined;
  /** When the call began, in the clock's milliseconds; NaN where it is not read. */
  private since: number = Number.NaN;
  /** How many have not settled: the answer, and each work that was handed up. */
  private pending = 0;
  /** Which call this is: work that is handed up after its own has settled must not count for another one. */
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
    let signal: AbortSignal | undefined;
    let passed = options;
    try {
      const { deadline } = options;
      ({ signal } = options);
      const waitUntil = hold.bind(this, this.number, options);
      passed = { signal, deadline, waitUntil } as HandlerOptions;
    } catch {
      // Members that cannot be read are reported by the layer that needs them.
    }
    const answer = inner.start(request, passed, false);
    const rejected = signal === undefined ? this.rejected : failed.bind(this, signal);
    const observed = answer.then(this.fulfilled, rejected);
    return edge ? observed : answer;
  }

  readonly fulfilled = (value: unknown): unknown => {
    this.state.counts.ok++;
    this.answered();
    return value;
  };

  readonly rejected = (reason: unknown): void => {
    failed.call(this, undefined, reason);
  };

  /** At the side of work that was handed up. */
  readonly left = (): void => {
    if (--this.pending > 0) return;
    this.state.counts.abandoned--;
    this.leave();
  };

  /** As a gate does: `abandoned` is above 0 for exactly as long as a limit in this place holds its slot. */
  hold(number: number, options: HandlerOptions, work: Promise<unknown>): void {
    if (number === this.number) {
      this.pending++;
      promiseOf(work).then(this.left, this.left);
    }
    handUp(options, work);
  }

  failed(signal: AbortSignal | undefined, reason: unknown): void {
    const { edge, state } = this;
    state.counts.calls.add(signal, reason);
    this.answered();
    if (edge) throw reason;
  }

  private answered(): void {
    const { since, state } = this;
    const { counts } = state;
    counts.active--;
    if (--this.pending > 0) counts.abandoned++;
    else this.leave();
    if (counts.duration !== undefined) counts.took(counts.clock.now() - since);
  }

  /** It is released, unused. */
  release(): void {
    const { inner, state } = this;
    if (inner === nothing) return;
    this.inner = nothing;
    inner.cancel();
    state.counts.reserved--;
    state.counts.released++;
    this.leave();
  }

  private leave(): void {
    this.number = (this.number + 1) | 0;
    this.state.freed(this);
  }
}

// A bound function is smaller than a closure with what it closes over.
const { hold, failed } = MeteredCall.prototype;

const metered: Behaviour<MeteredCalls> = {
  start: (call, request, options, edge) => (call as MeteredCall).begin(request, options, edge),
  cancel(call) {
    (call as MeteredCall).release();
  },
};

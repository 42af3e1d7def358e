import type { GateOptions, Lease, Outcome } from "../contract/gate.ts";
import { type CallOptions, noOptions } from "../contract/service.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { report } from "../kit/report.ts";
import { handUp } from "../stack/hand-up.ts";
import { observe } from "../stack/observe.ts";
import { type Behaviour, Reservation } from "../stack/reservation.ts";

/** Gives a lease back, unused. A gate that throws then must not keep those further out from theirs. */
export function giveBack(lease: Lease): void {
  try {
    lease.cancel();
  } catch (error) {
    report(error);
  }
}

/** One visit: from its reservation until the answer is there and all the work that was handed up has settled. */
export class Stay extends Reservation<Lease> {
  private readonly until: GateOptions["until"];
  private options: CallOptions = noOptions;
  /** The answer, and each work handed up, that have not settled. */
  private pending = 1;
  private outcome: Outcome | undefined = undefined;

  constructor(lease: Lease, inner: Reservation, until: GateOptions["until"]) {
    super(staying, lease, inner);
    this.until = until;
  }

  begin(request: unknown, options: CallOptions, edge: boolean): Promise<unknown> {
    let signal: CallOptions["signal"];
    let deadline: CallOptions["deadline"];
    try {
      // The caller's options may be an object whose members cannot be read.
      ({ signal, deadline } = options);
      this.state.start?.();
    } catch (error) {
      cancel(this);
      return Promise.reject(error);
    }
    this.options = options;
    const waitUntil = (work: Promise<unknown>): void => {
      this.hold(work);
    };
    return observe(this.inner.start(request, { signal, deadline, waitUntil }, false), edge, this);
  }

  /** Work was handed up. */
  private hold(work: Promise<unknown>): void {
    // Who hands up work when all is over is too late.
    if (this.pending > 0) {
      this.pending++;
      const left = (): void => {
        this.left();
      };
      promiseOf(work).then(left, left);
    }
    // The gates further out stay for it too.
    handUp(this.options, work);
  }

  settled(outcome: Outcome): void {
    this.outcome = outcome;
    try {
      this.state.answered?.(outcome);
    } catch (error) {
      report(error);
    }
    if (this.until !== undefined && outcome.status === "fulfilled") this.holdUntil(this.until, outcome.value);
    this.left();
  }

  private holdUntil(until: NonNullable<GateOptions["until"]>, response: unknown): void {
    try {
      const held = until(response);
      if (held !== undefined) this.hold(promiseOf(held));
    } catch (error) {
      report(error);
    }
  }

  private left(): void {
    if (--this.pending > 0) return;
    try {
      this.state.finish(this.outcome as Outcome);
    } catch (error) {
      report(error);
    }
  }
}

function cancel({ state: lease, inner }: Reservation<Lease>): void {
  inner.cancel();
  giveBack(lease);
}

const staying: Behaviour<Lease> = {
  start: (stay, request, options, edge) => (stay as Stay).begin(request, options, edge),
  cancel,
};

/** For gates that count starts: how the call ends is nothing to them. */
export const starting: Behaviour<Lease> = {
  start(reservation, request, options, edge) {
    try {
      reservation.state.start?.();
    } catch (error) {
      cancel(reservation);
      return Promise.reject(error);
    }
    return reservation.inner.start(request, options, edge);
  },
  cancel,
};

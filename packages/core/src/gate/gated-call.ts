import type { GateOptions, Lease, Outcome } from "../contract/gate.ts";
import { type CallOptions, noOptions } from "../contract/service.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { report } from "../kit/report.ts";
import { handUp } from "../stack/hand-up.ts";
import { observe, type Observer } from "../stack/observe.ts";
import { type Behaviour, Reservation } from "../stack/reservation.ts";

/** Cancels an unused lease. What the gate throws is reported, so that outer layers still release theirs. */
export function cancelLease(lease: Lease): void {
  try {
    lease.cancel();
  } catch (error) {
    report(error);
  }
}

/** Holds a lease and what is reserved inside, from the reservation on. How long depends on the gate's `holds`. */
export type Hold = (lease: Lease, inner: Reservation) => Reservation;

/** How long a gate holds its leases. */
export function holdOf(holds: "work" | "answer" | "start", until: GateOptions["until"]): Hold {
  const held: { readonly [how in typeof holds]: Hold } = {
    work: (lease, inner) => new HeldUntilSettled(lease, inner, until),
    answer: (lease, inner) => new HeldUntilAnswered(untilAnswered, lease, inner),
    start: (lease, inner) => new Reservation<any>(untilStarted, lease, inner),
  };
  return held[holds];
}

/** A call that holds its lease until the response and all work registered with `waitUntil` have settled. */
class HeldUntilSettled extends Reservation<Lease> implements Observer {
  private readonly until: GateOptions["until"];
  private options: CallOptions = noOptions;
  /** The response, and each work registered, that have not settled. */
  private pending = 1;
  private outcome: Outcome | undefined = undefined;

  constructor(lease: Lease, inner: Reservation, until: GateOptions["until"]) {
    super(untilSettled, lease, inner);
    this.until = until;
  }

  begin(request: unknown, options: CallOptions, edge: boolean): Promise<unknown> {
    // First, for the caller's options may be an object whose members cannot be read.
    const { signal, deadline } = options;
    const { state: lease, inner } = this;
    lease.start?.(request, options);
    const { holds } = lease;
    if (holds === "start") return inner.start(request, options, edge);
    if (holds === "answer") {
      const observer = new HeldUntilAnswered(untilAnswered, lease, inner);
      return observe(inner.start(request, options, false), edge, observer);
    }
    this.options = options;
    const waitUntil = (work: Promise<unknown>): void => {
      this.hold(work);
    };
    return observe(inner.start(request, { signal, deadline, waitUntil }, false), edge, this);
  }

  settled(outcome: Outcome): void {
    this.outcome = outcome;
    answered(this.state, outcome);
    if (this.until !== undefined && outcome.status === "fulfilled") this.holdUntil(this.until, outcome.value);
    this.left();
  }

  /** Work was registered. */
  private hold(work: Promise<unknown>): void {
    // Nothing is held any more after everything has settled.
    if (this.pending > 0) {
      this.pending++;
      const left = (): void => {
        this.left();
      };
      promiseOf(work).then(left, left);
    }
    // The outer gates wait for it too.
    handUp(this.options, work);
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
    if (--this.pending === 0) finish(this.state, this.outcome as Outcome);
  }
}

/** A call that holds its lease until its response is there: for gates that count outcomes and hold no capacity. */
class HeldUntilAnswered extends Reservation<Lease> implements Observer {
  settled(outcome: Outcome): void {
    answered(this.state, outcome);
    finish(this.state, outcome);
  }
}

function answered(lease: Lease, outcome: Outcome): void {
  try {
    lease.answered?.(outcome);
  } catch (error) {
    report(error);
  }
}

function finish(lease: Lease, outcome: Outcome): void {
  try {
    lease.finish(outcome);
  } catch (error) {
    report(error);
  }
}

function cancel({ state: lease, inner }: Reservation<Lease>): void {
  inner.cancel();
  cancelLease(lease);
}

// What `start` of a lease throws, these throw too: then nothing has begun, and the reservation cancels itself.

const untilSettled: Behaviour<Lease> = {
  start: (held, request, options, edge) => (held as HeldUntilSettled).begin(request, options, edge),
  cancel,
};

const untilAnswered: Behaviour<Lease> = {
  start(held, request, options, edge) {
    held.state.start?.(request, options);
    return observe(held.inner.start(request, options, false), edge, held as HeldUntilAnswered);
  },
  cancel,
};

const untilStarted: Behaviour<Lease> = {
  start({ state: lease, inner }, request, options, edge) {
    lease.start?.(request, options);
    return inner.start(request, options, edge);
  },
  cancel,
};

import type { Lease, Outcome } from "../contract/gate.ts";
import type { CallOptions } from "../contract/service.ts";
import { spentAlready } from "../errors/permit-spent-error.ts";
import { report } from "../kit/report.ts";
import { type Behaviour, nothing, Reservation } from "../stack/reservation.ts";
import { cancelGrant } from "./slot-source.ts";

/** A gate of ours that counts outcomes. Of each stay exactly one of `cancelled` and `ended` is called, once. */
export interface Counts<Stay, in Req = any> {
  /** A call begins. What it throws refuses the call: the stay is then cancelled. */
  started(stay: Stay, request: Req, options: CallOptions): void;
  /** It never began, or was refused at the last moment. */
  cancelled(stay: Stay): void;
  /** The caller has its answer. */
  ended(stay: Stay, outcome: Outcome): void;
}

/** What a gate notes of one stay after the other. */
export interface Notes {
  /** The stay is over: nothing of it is kept. */
  forget(): void;
}

/** How many free slots a pool keeps: after a rush its slots are not kept for ever. */
const most = 1_000;

/**
 * A call that a gate of ours has let in, for gates that hold until the answer. As `Slot` it is the lease, the reservation and the observer of one
 * stay after the other, so that a call allocates none of them. What the gate notes of a stay is an object as old as the slot.
 */
export class AnswerSlot<Stay extends Notes = Notes> extends Reservation<AnswerSlots<Stay>> {
  declare inner: Reservation;
  /** What the gate notes. */
  readonly stay: Stay;
  /** The next free one, while this one is free. */
  next: AnswerSlot<Stay> | undefined = undefined;
  /** Whether the observed promise is the answer. */
  edge = false;

  constructor(slots: AnswerSlots<Stay>, stay: Stay) {
    super(untilAnswered, slots, nothing);
    this.stay = stay;
  }

  /** It was not used. */
  release(): void {
    this.state.cancel(this);
  }

  readonly fulfilled = (value: unknown): unknown => {
    this.state.end(this, { status: "fulfilled", value });
    return value;
  };

  readonly rejected = (reason: unknown): void => {
    const { edge } = this;
    this.state.end(this, { status: "rejected", reason });
    if (edge) throw reason;
  };
}

/** A slot for a caller who asks the gate itself. */
class AnswerLease<Stay extends Notes> implements Lease {
  private slot: AnswerSlot<Stay> | undefined;

  constructor(slot: AnswerSlot<Stay>) {
    this.slot = slot;
  }

  start(request: unknown, options: CallOptions): void {
    const { slot } = this;
    slot?.state.counts.started(slot.stay, request, options);
  }

  cancel(): void {
    const { slot } = this;
    // Idempotent.
    this.slot = undefined;
    slot?.state.cancel(slot);
  }

  answered(outcome: Outcome): void {
    this.finish(outcome);
  }

  finish(outcome: Outcome): void {
    const { slot } = this;
    this.slot = undefined;
    slot?.state.end(slot, outcome);
  }
}

/** The slots of one gate. Those that are held are known to their holders alone: a permit that is lost takes its slot with it. */
export class AnswerSlots<Stay extends Notes = Notes> {
  readonly counts: Counts<Stay>;
  private readonly make: () => Stay;
  private first: AnswerSlot<Stay> | undefined = undefined;
  private free = 0;

  /** @param make what a gate notes of a stay, for one slot and all of its stays */
  constructor(counts: Counts<Stay>, make: () => Stay) {
    this.counts = counts;
    this.make = make;
  }

  /** A slot for one stay. */
  take(): AnswerSlot<Stay> {
    const slot = this.first;
    if (slot === undefined) return new AnswerSlot(this, this.make());
    this.first = slot.next;
    slot.next = undefined;
    this.free--;
    return slot;
  }

  /** The same as a lease. */
  lease(slot: AnswerSlot<Stay>): Lease {
    return new AnswerLease(slot);
  }

  /** Ends a stay. What the gate throws is reported, so that layers further out still release theirs. */
  end(slot: AnswerSlot<Stay>, outcome: Outcome): void {
    try {
      this.counts.ended(slot.stay, outcome);
    } catch (error) {
      report(error);
    }
    this.leave(slot);
  }

  /** Ends a stay without a call, likewise. */
  cancel(slot: AnswerSlot<Stay>): void {
    try {
      this.counts.cancelled(slot.stay);
    } catch (error) {
      report(error);
    }
    this.leave(slot);
  }

  /** Last: what the gate does may let somebody in, who must not have the notes of this stay. */
  private leave(slot: AnswerSlot<Stay>): void {
    slot.stay.forget();
    if (this.free === most) return;
    this.free++;
    slot.next = this.first;
    this.first = slot;
  }
}

const untilAnswered: Behaviour<AnswerSlots<any>> = {
  start(reservation, request, options, edge) {
    const slot = reservation as AnswerSlot<any>;
    const { inner } = slot;
    // It was spent or given back already.
    if (inner === nothing) return spentAlready();
    // What this throws refuses the call, and the reservation cancels itself.
    slot.state.counts.started(slot.stay, request, options);
    slot.inner = nothing;
    slot.edge = edge;
    const answer = inner.start(request, options, false);
    const observed = answer.then(slot.fulfilled, slot.rejected);
    return edge ? observed : answer;
  },
  cancel: cancelGrant,
};

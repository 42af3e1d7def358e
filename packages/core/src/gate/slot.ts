import type { CallOptions } from "../contract/service.ts";
import { spentAlready } from "../errors/permit-spent-error.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { report } from "../kit/report.ts";
import { handUp } from "../stack/hand-up.ts";
import { type Behaviour, nothing, Reservation } from "../stack/reservation.ts";
import { cancelGrant } from "./slot-source.ts";

/**
 * A place in a gate of ours: the lease and the reservation of one stay after the other. It is used again, so that a call allocates
 * neither. It holds numbers and objects as old as itself: a young object in an old one costs the garbage
 * collector more than the reuse saves (`pnpm bench alone`). So it forgets what is reserved inside when the call starts.
 */
export class Slot extends Reservation<SlotPool> {
  declare inner: Reservation;
  /** When the stay began, in the clock's milliseconds; NaN where it is not read. */
  since: number = Number.NaN;
  /** What keeps it held: the reservation or the response, and each work registered, that has not settled. 0 while it is free. */
  pending = 0;
  /** Which stay this is: work that is registered after its own is over must not prolong another's. */
  stay = 0;
  /** The next free one, while this one is free. */
  next: Slot | undefined = undefined;
  /** The one that was made before it. */
  readonly older: Slot | undefined;

  constructor(pool: SlotPool, behaviour: Behaviour<any>, older: Slot | undefined) {
    super(behaviour, pool, nothing);
    this.older = older;
  }

  /** Ends the stay. What the gate throws is reported, so that outer layers still release theirs. */
  release(used: boolean): void {
    try {
      this.state.free(this, used);
    } catch (error) {
      report(error);
    }
  }
}

/** One that is held until the work has settled: it is the observer of each stay, too. */
class WorkSlot extends Slot {
  /** At the edge of a stack: the observed promise is the answer. */
  readonly fulfilled = (value: unknown): unknown => {
    this.left();
    return value;
  };
  readonly rejected = (reason: unknown): never => {
    this.left();
    throw reason;
  };
  /** At the side of an answer, and of work that was registered. */
  readonly left = (): void => {
    if (--this.pending === 0) this.release(true);
  };

  /** Keeps the slot held until `work` has settled, unless the stay is over; `options` are those of the caller outside. */
  hold(stay: number, options: CallOptions, work: Promise<unknown>): void {
    if (stay === this.stay) {
      this.pending++;
      promiseOf(work).then(this.left, this.left);
    }
    // The outer gates wait for it too.
    handUp(options, work);
  }
}

/** The slots of one gate. */
export class SlotPool {
  /** How many are held. */
  size = 0;
  private readonly holds: "work" | "start";
  private readonly freed: (used: boolean) => void;
  /** How many were made. */
  private made = 0;
  /** The one made last. All are linked from it: a gate for each of many keys has no room for an array. */
  private newest: Slot | undefined = undefined;
  /** The first free one. */
  private first: Slot | undefined = undefined;

  /**
   * @param holds until when a call has its slot: until all of its work has settled, or until it starts
   * @param freed called when a slot is free again, and told whether a call had it
   */
  constructor(holds: "work" | "start", freed: (used: boolean) => void) {
    this.holds = holds;
    this.freed = freed;
  }

  /** A slot that is held from `since` on. */
  take(since: number): Slot {
    let slot = this.first;
    if (slot === undefined) slot = this.make();
    else {
      this.first = slot.next;
      slot.next = undefined;
    }
    slot.since = since;
    slot.pending = 1;
    this.size++;
    return slot;
  }

  /** Frees a slot that is held. Throws what `freed` throws. */
  free(slot: Slot, used: boolean): void {
    slot.pending = 0;
    slot.stay = (slot.stay + 1) | 0;
    slot.next = this.first;
    this.first = slot;
    this.size--;
    // After a rush its slots are neither kept nor searched for ever.
    if (this.size === 0 && this.made > 1_000) {
      this.made = 0;
      this.newest = undefined;
      this.first = undefined;
    }
    this.freed(used);
  }

  /** From now on it is known since when slots are held; of those held already, since `now`. Called once. */
  date(now: number): void {
    for (let slot = this.newest; slot !== undefined; slot = slot.older) slot.since = now;
  }

  /** For how long the longest held has been held: 0 when none is. Looks at all slots. */
  longest(now: number): number {
    let earliest = now;
    for (let slot = this.newest; slot !== undefined; slot = slot.older) {
      if (slot.pending > 0) earliest = Math.min(earliest, slot.since);
    }
    return now - earliest;
  }

  private make(): Slot {
    const { newest } = this;
    this.made++;
    this.newest =
      this.holds === "work" ? new WorkSlot(this, untilSettled, newest) : new Slot(this, untilStarted, newest);
    return this.newest;
  }
}

const untilSettled: Behaviour<SlotPool> = {
  start(reservation, request, options, edge) {
    const slot = reservation as WorkSlot;
    const { inner, stay } = slot;
    if (inner === nothing) return spentAlready();
    // First, for the caller's options may be an object whose members cannot be read.
    const { signal, deadline } = options;
    slot.inner = nothing;
    // A bound function is smaller than a closure and its context.
    const waitUntil = slot.hold.bind(slot, stay, options);
    const answer = inner.start(request, { signal, deadline, waitUntil }, false);
    if (edge) return answer.then(slot.fulfilled, slot.rejected);
    answer.then(slot.left, slot.left);
    return answer;
  },
  cancel: cancelGrant,
};

const untilStarted: Behaviour<SlotPool> = {
  start(reservation, request, options, edge) {
    const slot = reservation as Slot;
    const { inner } = slot;
    if (inner === nothing) return spentAlready();
    slot.inner = nothing;
    try {
      slot.state.free(slot, true);
    } catch (error) {
      inner.cancel();
      throw error;
    }
    return inner.start(request, options, edge);
  },
  cancel: cancelGrant,
};

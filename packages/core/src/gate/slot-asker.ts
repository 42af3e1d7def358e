import { Asker, type Entrance, type Stack } from "../stack/asker.ts";
import type { Reservation } from "../stack/reservation.ts";
import type { Grant } from "./slot-source.ts";

/** Asks further inside on behalf of a caller that holds a slot. */
export class SlotAsker extends Asker {
  private readonly outer: Asker;
  private readonly slot: Grant;

  constructor(outer: Asker, slot: Grant) {
    super(outer.request, outer.signal, outer.deadline);
    this.outer = outer;
    this.slot = slot;
  }

  override granted(reservation: Reservation): void {
    this.slot.inner = reservation;
    this.outer.granted(this.slot);
  }

  override failed(reason: unknown): void {
    giveBack(this.slot);
    this.outer.failed(reason);
  }
}

/** Lets callers that were granted a slot in line go on to the inner service. */
export function entranceTo(inner: Stack): Entrance<Grant> {
  return {
    enter(asker, slot) {
      let reservation: Reservation | undefined;
      try {
        // First without an asker of its own, for it seldom has to wait once more.
        reservation = inner.tryReserve(asker.request);
      } catch (error) {
        giveBack(slot);
        asker.failed(error);
        return;
      }
      if (reservation === undefined) inner.reserve(new SlotAsker(asker, slot));
      else {
        slot.inner = reservation;
        asker.granted(slot);
      }
    },
    giveBack,
  };
}

function giveBack(slot: Grant): void {
  slot.release(false);
}

import { Asker, type Stack } from "./asker.ts";
import { type Behaviour, type Reservation, wrapped } from "./reservation.ts";

/** The stack of a layer that leaves readiness alone: whatever is reserved inside it is held with `behaviour` around it. */
export function around(inner: Stack, behaviour: Behaviour<undefined>): Stack {
  return {
    tryReserve(request) {
      const reservation = inner.tryReserve(request);
      return reservation && wrapped(behaviour, reservation);
    },
    reserve(asker) {
      inner.reserve(new AskerInside(asker, behaviour));
    },
  };
}

/** Asks on behalf of an outer caller. */
class AskerInside extends Asker {
  private readonly outer: Asker;
  private readonly behaviour: Behaviour<undefined>;

  constructor(outer: Asker, behaviour: Behaviour<undefined>) {
    super(outer.request, outer.signal, outer.deadline);
    this.outer = outer;
    this.behaviour = behaviour;
  }

  override granted(reservation: Reservation): void {
    this.outer.granted(wrapped(this.behaviour, reservation));
  }

  override failed(reason: unknown): void {
    this.outer.failed(reason);
  }
}

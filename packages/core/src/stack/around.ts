import { type Behaviour, Reservation, type Stack } from "./reservation.ts";

/** The stack of a layer that leaves readiness alone: whatever is reserved inside it is held with `behaviour` around it. */
export function around(inner: Stack, behaviour: Behaviour<undefined>): Stack {
  const held = (reservation: Reservation): Reservation => new Reservation<any>(behaviour, undefined, reservation);
  return {
    tryReserve(request) {
      const reservation = inner.tryReserve(request);
      return reservation && held(reservation);
    },
    reserve(options, granted, failed) {
      inner.reserve(
        options,
        (reservation) => {
          granted(held(reservation));
        },
        failed,
      );
    },
  };
}

import type { AnyService, ReadyOptions } from "@sluice/core";
import { ask, type Reservation, stackOf } from "@sluice/core/internal";

/** A reservation of each of several services, in the order they were taken. */
export type OneOfEach = Map<AnyService, Reservation>;

/** One of each now, or none at all. A service that is there twice is taken once: its limit must not wait for itself. */
export function tryOneOfEach(services: Iterable<AnyService>): OneOfEach | undefined {
  const held: OneOfEach = new Map();
  let complete = false;
  try {
    for (const service of services) {
      if (held.has(service)) continue;
      const reservation = stackOf(service).tryReserve(undefined);
      if (reservation === undefined) return undefined;
      held.set(service, reservation);
    }
    complete = true;
    return held;
  } finally {
    if (!complete) giveBack(held);
  }
}

/** One of each, waiting for each in turn with those before it in hand. */
export function oneOfEach(
  services: readonly AnyService[],
  options: ReadyOptions,
  granted: (held: OneOfEach) => void,
  failed: (reason: unknown) => void,
): void {
  const held: OneOfEach = new Map();
  const give = (reason: unknown): void => {
    giveBack(held);
    failed(reason);
  };
  let at = 0;
  const go = (): void => {
    // A loop as long as no service makes it wait, so that ten thousand routes are not ten thousand calls deep.
    for (; at < services.length; at++) {
      const service = services[at]!;
      if (held.has(service)) continue;
      const stack = stackOf(service);
      let reservation: Reservation | undefined;
      try {
        reservation = stack.tryReserve(undefined);
      } catch (error) {
        give(error);
        return;
      }
      if (reservation === undefined) {
        ask(
          stack,
          options,
          (late) => {
            held.set(service, late);
            go();
          },
          give,
        );
        return;
      }
      held.set(service, reservation);
    }
    granted(held);
  };
  go();
}

/** Gives all of it back, the last first. */
export function giveBack(held: OneOfEach): void {
  for (const reservation of [...held.values()].reverse()) reservation.cancel();
}

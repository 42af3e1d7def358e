import { throwIfAborted } from "../contract/abort-reason.ts";
import type { Gate } from "../contract/gate.ts";
import type { Asker, Stack } from "../stack/asker.ts";
import type { Reservation } from "../stack/reservation.ts";
import { entranceTo, SlotAsker } from "./slot-asker.ts";
import type { Grant, SlotSource } from "./slot-source.ts";

/**
 * The stack of a gate of ours, which is asked for slots.
 *
 * @param refuse leaves word of a refusal
 * @param waitForLease has a caller wait where the gate has no line of its own
 */
export function slotStack<Policy extends Gate<any, any>>(
  inner: Stack,
  policy: Policy,
  { trySlot, waitIn }: SlotSource<Policy>,
  refuse: (request: unknown) => undefined,
  waitForLease: (asker: Asker) => void,
): Stack {
  const entrance = entranceTo(inner);
  return {
    tryReserve(request) {
      const slot = trySlot(policy, request);
      if (slot === undefined) return refuse(request);
      let reservation: Reservation | undefined;
      try {
        reservation = inner.tryReserve(request);
      } finally {
        // Refused or thrown further inside: all or nothing.
        if (reservation === undefined) slot.release(false);
      }
      if (reservation === undefined) return undefined;
      slot.inner = reservation;
      return slot;
    },
    reserve(asker) {
      let slot: Grant | undefined;
      try {
        slot = trySlot(policy, asker.request);
        if (slot === undefined) {
          throwIfAborted(asker.signal);
          if (waitIn?.(policy, asker, entrance)) return;
        }
      } catch (reason) {
        asker.failed(reason);
        return;
      }
      if (slot === undefined) waitForLease(asker);
      else inner.reserve(new SlotAsker(asker, slot));
    },
  };
}

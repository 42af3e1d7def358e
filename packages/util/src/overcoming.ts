import type { Reservation, Stack } from "@sluice/core/internal";
import { isOwnAbort } from "./own-abort.ts";

/**
 * `inner`, where something may be done about a failure of readiness. `overcome` answers with a reservation that is granted
 * instead, or with undefined, and the failure stays; what it throws is the failure.
 */
export function overcoming(inner: Stack, overcome: (reason: unknown) => Reservation | undefined): Stack {
  return {
    tryReserve(request) {
      try {
        return inner.tryReserve(request);
      } catch (reason) {
        const instead = overcome(reason);
        if (instead === undefined) throw reason;
        return instead;
      }
    },
    reserve(options, granted, failed) {
      inner.reserve(options, granted, (reason) => {
        let instead: Reservation | undefined;
        try {
          instead = isOwnAbort(options.signal, reason) ? undefined : overcome(reason);
        } catch (error) {
          failed(error);
          return;
        }
        if (instead === undefined) failed(reason);
        else granted(instead);
      });
    },
  };
}

import { type Behaviour, nothing, Reservation, type Stack } from "@sluice/core/internal";
import { isOwnAbort } from "./own-abort.ts";

/** Holds nothing; its call fails with the reason that readiness failed with. */
const failing: Behaviour<unknown> = {
  start: ({ state: reason }) => Promise.reject(reason),
  cancel() {},
};

/**
 * `inner`, whose failures of readiness fail the call instead, where `takes` says so. A layer that answers for a failure
 * can do so only once there is a call to answer.
 */
export function failingInCall(inner: Stack, takes: (reason: unknown) => boolean): Stack {
  const failed = (reason: unknown): Reservation => new Reservation<any>(failing, reason, nothing);
  return {
    tryReserve(request) {
      try {
        return inner.tryReserve(request);
      } catch (reason) {
        if (takes(reason)) return failed(reason);
        throw reason;
      }
    },
    reserve(options, granted, refused) {
      inner.reserve(options, granted, (reason) => {
        let taken: boolean;
        try {
          taken = !isOwnAbort(options.signal, reason) && takes(reason);
        } catch (error) {
          refused(error);
          return;
        }
        if (taken) granted(failed(reason));
        else refused(reason);
      });
    },
  };
}

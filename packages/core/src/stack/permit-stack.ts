import { throwIfAborted } from "../contract/abort-reason.ts";
import type { Permit, Service } from "../contract/service.ts";
import { leaveLayers } from "../kit/cached-time.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { report } from "../kit/report.ts";
import { type Behaviour, Reservation, type Stack, nothing } from "./reservation.ts";
import { wait } from "./wait.ts";

const permitBehaviour: Behaviour<Permit<unknown, unknown>> = {
  start({ state: permit }, request, options) {
    leaveLayers();
    try {
      return promiseOf(permit.call(request, options));
    } catch (error) {
      return Promise.reject(error);
    }
  },
  cancel({ state: permit }) {
    giveBack(permit);
  },
};

/** Releases a permit of another's making. One that throws then must not keep those further out from giving back theirs. */
function giveBack(permit: Permit<unknown, unknown>): void {
  try {
    permit.release();
  } catch (error) {
    report(error);
  }
}

/** A service of another's making as layers see it: through its permits. */
export function permitStack(service: Service<unknown, unknown>): Stack {
  const held = (permit: Permit<unknown, unknown>): Reservation =>
    new Reservation<any>(permitBehaviour, permit, nothing);
  return {
    tryReserve(request) {
      const permit = service.tryReady(request);
      return permit && held(permit);
    },
    reserve(options, granted, failed) {
      let waiting: Promise<Permit<unknown, unknown>>;
      try {
        const permit = service.tryReady(options.request);
        if (permit !== undefined) {
          granted(held(permit));
          return;
        }
        throwIfAborted(options.signal);
        waiting = promiseOf(service.ready(options));
      } catch (error) {
        failed(error);
        return;
      }
      const { signal } = options;
      wait(
        waiting,
        signal,
        (permit) => {
          granted(held(permit));
        },
        failed,
        giveBack,
      );
    },
  };
}

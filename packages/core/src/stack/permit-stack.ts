import { throwIfAborted } from "../contract/abort-reason.ts";
import type { Permit, Service } from "../contract/service.ts";
import { leaveLayers } from "../kit/cached-time.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { report } from "../kit/report.ts";
import type { Stack } from "./asker.ts";
import { type Behaviour, Reservation, nothing } from "./reservation.ts";
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

/** Releases a permit of another's making. One that throws then must not keep outer layers from releasing theirs. */
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
    reserve(asker) {
      const { request, signal, deadline } = asker;
      let waiting: Promise<Permit<unknown, unknown>>;
      try {
        const permit = service.tryReady(request);
        if (permit !== undefined) {
          asker.granted(held(permit));
          return;
        }
        throwIfAborted(signal);
        waiting = promiseOf(service.ready({ request, signal, deadline }));
      } catch (error) {
        asker.failed(error);
        return;
      }
      wait(
        waiting,
        signal,
        (permit) => {
          asker.granted(held(permit));
        },
        (reason) => {
          asker.failed(reason);
        },
        giveBack,
      );
    },
  };
}

import { throwIfAborted } from "../contract/abort-reason.ts";
import type { Gate, Lease } from "../contract/gate.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { ask } from "../stack/ask.ts";
import type { Asker, Stack } from "../stack/asker.ts";
import type { Reservation } from "../stack/reservation.ts";
import { wait } from "../stack/wait.ts";
import { cancelLease, type Hold } from "./gated-call.ts";

/** What a gate's layer does with leases, and with callers that get none. */
export interface Leasing {
  /** What the gate makes of a lease; see `Gate.admitted`. */
  readonly admit: (lease: Lease, request: unknown) => Lease;
  readonly hold: Hold;
  /** Leaves word of a refusal. */
  readonly refuse: (request: unknown) => undefined;
}

/** The stack of a gate that is asked by its public methods. */
export interface LeaseStack extends Stack {
  /** Has a caller wait for a lease that it cannot have now. Never throws. */
  readonly wait: (asker: Asker) => void;
}

export function leaseStack(inner: Stack, policy: Gate<any, any>, { admit, hold, refuse }: Leasing): LeaseStack {
  const enter = (asker: Asker, admitted: Lease): void => {
    let lease: Lease;
    try {
      lease = admit(admitted, asker.request);
    } catch (error) {
      asker.failed(error);
      return;
    }
    ask(
      inner,
      asker,
      (reservation) => {
        asker.granted(hold(lease, reservation));
      },
      (reason) => {
        cancelLease(lease);
        asker.failed(reason);
      },
    );
  };
  const waitFor = (asker: Asker): void => {
    const { request, signal, deadline } = asker;
    let waiting: Promise<Lease>;
    try {
      // It may have aborted since it was looked at: in a function of the caller's, called further out.
      throwIfAborted(signal);
      waiting = promiseOf(policy.acquire({ request, signal, deadline }));
    } catch (reason) {
      asker.failed(reason);
      return;
    }
    wait(
      waiting,
      signal,
      (lease) => enter(asker, lease),
      (reason) => asker.failed(reason),
      cancelLease,
    );
  };
  return {
    wait: waitFor,
    tryReserve(request) {
      const granted = policy.tryAcquire(request);
      if (granted === undefined) return refuse(request);
      const lease = admit(granted, request);
      let reservation: Reservation | undefined;
      try {
        reservation = inner.tryReserve(request);
      } finally {
        // Refused or thrown further inside: all or nothing.
        if (reservation === undefined) cancelLease(lease);
      }
      return reservation && hold(lease, reservation);
    },
    reserve(asker) {
      let lease: Lease | undefined;
      try {
        lease = policy.tryAcquire(asker.request);
      } catch (reason) {
        asker.failed(reason);
        return;
      }
      if (lease === undefined) waitFor(asker);
      else enter(asker, lease);
    },
  };
}

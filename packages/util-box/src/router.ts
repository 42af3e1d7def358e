import { type AnyService, type CallOptions, OverloadedError, type Service, takeRefusal } from "@sluice/core";
import { ask, type Behaviour, nothing, Reservation, type Stack, stackOf, stackService } from "@sluice/core/internal";
import { giveBack, oneOfEach, type OneOfEach, tryOneOfEach } from "./one-of-each.ts";

/** Knows which service takes which request. Both are asked anew each time, so that routes may change. */
export interface Directory {
  /** The service that takes `request`. What it throws is what readiness fails with. */
  find(request: unknown): AnyService;
  /** All that there are now: a reservation without a request takes one of each. */
  all(): Iterable<AnyService>;
}

/** For which request was reserved, and where. */
interface Named {
  readonly request: unknown;
  readonly service: AnyService;
}

/**
 * The service that sends each request where `directory` says.
 *
 * @param name what a refusal names where the service inside does not say who refused
 */
export function router(name: string, directory: Directory): Service<any, any, any> {
  const named: Behaviour<Named> = {
    start({ state: { request: reservedFor, service }, inner }, request, options, edge) {
      if (Object.is(request, reservedFor)) return inner.start(request, options, edge);
      let found: AnyService;
      try {
        found = directory.find(request);
      } catch (error) {
        inner.cancel();
        return Promise.reject(error);
      }
      if (found === service) return inner.start(request, options, edge);
      inner.cancel();
      return callAtOnce(name, found, request, options, edge);
    },
    cancel({ inner }) {
      inner.cancel();
    },
  };

  const blind: Behaviour<OneOfEach> = {
    start({ state: held }, request, options, edge) {
      let found: AnyService;
      try {
        found = directory.find(request);
      } catch (error) {
        giveBack(held);
        return Promise.reject(error);
      }
      const reservation = held.get(found);
      held.delete(found);
      giveBack(held);
      if (reservation !== undefined) return reservation.start(request, options, edge);
      return callAtOnce(name, found, request, options, edge);
    },
    cancel({ state: held }) {
      giveBack(held);
    },
  };

  const forRequest = (request: unknown, service: AnyService, inner: Reservation): Reservation => {
    const state: Named = { request, service };
    return new Reservation<any>(named, state, inner);
  };
  const forAny = (held: OneOfEach): Reservation => new Reservation<any>(blind, held, nothing);

  const tryReserve: Stack["tryReserve"] = (request) => {
    if (request === undefined) {
      const held = tryOneOfEach(directory.all());
      return held && forAny(held);
    }
    const service = directory.find(request);
    const reservation = stackOf(service).tryReserve(request);
    return reservation && forRequest(request, service, reservation);
  };

  const reserve: Stack["reserve"] = (asker) => {
    const { request } = asker;
    const failed = (reason: unknown): void => asker.failed(reason);
    let service: AnyService;
    try {
      if (request === undefined) {
        oneOfEach(
          [...directory.all()],
          asker,
          (held) => {
            asker.granted(forAny(held));
          },
          failed,
        );
        return;
      }
      service = directory.find(request);
    } catch (error) {
      failed(error);
      return;
    }
    // A waiter stays with this service, whatever becomes of the routes.
    ask(
      stackOf(service),
      asker,
      (reservation) => {
        asker.granted(forRequest(request, service, reservation));
      },
      failed,
    );
  };

  return stackService({ tryReserve, reserve });
}

/** The other route is tried once: a permit that is spent does not wait any more. */
function callAtOnce(
  name: string,
  service: AnyService,
  request: unknown,
  options: CallOptions,
  edge: boolean,
): Promise<unknown> {
  try {
    // Discards a refusal left by an earlier, unrelated `tryReady`.
    takeRefusal();
    const reservation = stackOf(service).tryReserve(request);
    if (reservation !== undefined) return reservation.start(request, options, edge);
    const refusal = takeRefusal();
    return Promise.reject(new OverloadedError(refusal?.layer ?? name, refusal));
  } catch (error) {
    return Promise.reject(error);
  }
}

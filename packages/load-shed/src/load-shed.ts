import { type Adds, type Layer, layerFn, OverloadedError, type Refusal, takeRefusal } from "@sluice/core";
import { type Behaviour, nothing, Reservation, type Stack, stackOf, stackService } from "@sluice/core/internal";

/** A layer that refuses at once what would have to wait. One value counts for all the services that it wraps. */
export interface LoadShed extends Layer<Adds<OverloadedError>> {
  /** Calls refused, from the beginning. */
  readonly refused: number;
  /** The same, by the name of the layer that refused; `undefined` where it left none. */
  readonly refusedBy: ReadonlyMap<string | undefined, number>;
}

/**
 * Always ready. Where the service inside is not, the call rejects with `OverloadedError`: `layer` names who refused, and
 * `retryAfter` says in how many milliseconds asking again may succeed, where that is known. It asks once, when the permit
 * is reserved, and never waits: nobody stands in a line further in on its behalf. Failures of the service inside stay
 * failures.
 *
 * @example
 * const service = new ServiceBuilder().layer(loadShed()).layer(concurrencyLimit(64)).serviceFn(ask);
 * await service.call(request); // an answer, or OverloadedError at once
 */
export function loadShed(): LoadShed {
  let refused = 0;
  const refusedBy = new Map<string | undefined, number>();
  const behaviour: Behaviour<Refusal | undefined> = {
    start({ state: refusal }) {
      refused++;
      refusedBy.set(refusal?.layer, (refusedBy.get(refusal?.layer) ?? 0) + 1);
      return Promise.reject(new OverloadedError(refusal?.layer, refusal));
    },
    cancel() {},
  };
  const layer = layerFn<Adds<OverloadedError>>("loadShed", (service) => {
    const inner = stackOf(service);
    const tryReserve = (request: unknown): Reservation => {
      // What somebody else left behind is not why this one is refused.
      takeRefusal();
      return inner.tryReserve(request) ?? new Reservation<any>(behaviour, takeRefusal(), nothing);
    };
    const reserve: Stack["reserve"] = ({ request }, granted, failed) => {
      let reservation: Reservation;
      try {
        reservation = tryReserve(request);
      } catch (reason) {
        failed(reason);
        return;
      }
      granted(reservation);
    };
    return stackService({ tryReserve, reserve });
  });
  return {
    ...layer,
    refusedBy,
    get refused() {
      return refused;
    },
  };
}

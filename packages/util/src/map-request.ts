import { type Layer, layerFn, type MapsRequest } from "@sluice/core";
import { type Behaviour, Reservation, stackOf, stackService } from "@sluice/core/internal";
import { requireFunction } from "@sluice/core/kit";

/** What was reserved for: the request from outside, and what it was mapped to. */
interface Mapped {
  readonly request: unknown;
  readonly value: unknown;
}

/**
 * Takes requests of another type, and asks the service inside with what `map` makes of them.
 *
 * `map` runs when readiness is asked for, so that the service inside can reserve for exactly that request, and may run
 * again for a caller who waits. What is called is the value that was reserved for, unless the permit is spent on another
 * request (compared with `Object.is`): that one is mapped then. A reservation without a request is one without a request
 * inside.
 *
 * @example
 * const byName = new ServiceBuilder().layer(mapRequest((name: string) => ({ name }))).service(lookup);
 *
 * @param map from a request outside to one inside; synchronous. What it throws is a failure of readiness, or of the call
 *   where it runs there, and is outside `Err`
 * @throws TypeError when `map` is not a function
 */
export function mapRequest<A, B>(map: (request: A) => B): Layer<MapsRequest<A, B>> {
  requireFunction("mapRequest", "map", map);
  const behaviour: Behaviour<Mapped | undefined> = {
    start({ state: mapped, inner }, request, options, edge) {
      let value: unknown;
      try {
        value = mapped !== undefined && Object.is(mapped.request, request) ? mapped.value : map(request as A);
      } catch (error) {
        inner.cancel();
        return Promise.reject(error);
      }
      return inner.start(value, options, edge);
    },
    cancel({ inner }) {
      inner.cancel();
    },
  };
  const mappedFrom = (request: unknown): Mapped | undefined =>
    request === undefined ? undefined : { request, value: map(request as A) };
  const held = (mapped: Mapped | undefined, inner: Reservation): Reservation =>
    new Reservation<any>(behaviour, mapped, inner);
  return layerFn<MapsRequest<A, B>>("mapRequest", (service) => {
    const inner = stackOf(service);
    return stackService({
      tryReserve(request) {
        const mapped = mappedFrom(request);
        const reservation = inner.tryReserve(mapped?.value);
        return reservation && held(mapped, reservation);
      },
      reserve(options, granted, failed) {
        let mapped: Mapped | undefined;
        try {
          mapped = mappedFrom(options.request);
        } catch (error) {
          failed(error);
          return;
        }
        inner.reserve(
          { ...options, request: mapped?.value },
          (reservation) => {
            granted(held(mapped, reservation));
          },
          failed,
        );
      },
    });
  });
}

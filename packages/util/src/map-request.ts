import type { Layer, MapsRequest } from "@sluice/core";
import { holdLayer, requireFunction } from "@sluice/core/kit";

/** What was reserved for: the request from outside, and what it was mapped to. */
interface Mapped {
  readonly request: unknown;
  readonly value: unknown;
}

/**
 * Takes requests of another type, and asks the service inside with what `map` makes of them.
 *
 * `map` runs when readiness is asked for, so that the service inside can reserve for exactly that request, and may run
 * again for a caller that waits. What is called is the value that was reserved for, unless the permit is spent on another
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
  return holdLayer<MapsRequest<A, B>, Mapped | undefined>("mapRequest", {
    reserve: (request) => (request === undefined ? undefined : { request, value: map(request) }),
    ask: (mapped) => mapped?.value,
    start(mapped, inside, request, options) {
      const reserved = mapped !== undefined && Object.is(mapped.request, request);
      return inside.start(reserved ? mapped.value : map(request), options);
    },
  });
}

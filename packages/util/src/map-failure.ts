import { type Layer, layerFn, type MapsFailure } from "@sluice/core";
import { around, type Behaviour, stackOf, stackService } from "@sluice/core/internal";
import { requireFunction } from "@sluice/core/kit";
import { overcoming } from "./overcoming.ts";
import { isOwnAbort } from "./own-abort.ts";

/**
 * Fails with what `map` makes of a failure of the service inside, be it of readiness or of a call. The reason that the
 * caller's own signal was aborted with is no failure, and passes as it is.
 *
 * @example
 * const users = new ServiceBuilder()
 *   .layer(mapFailure((cause: unknown) => new UserServiceError({ cause })))
 *   .service(lookup);
 *
 * @param map from a failure inside to one outside; synchronous. It is also given what nobody declared, such as a
 *   programming error. What it throws is the failure
 * @throws TypeError when `map` is not a function
 */
export function mapFailure<A, B>(map: (failure: A) => B): Layer<MapsFailure<A, B>> {
  requireFunction("mapFailure", "map", map);
  const fail = (reason: unknown): never => {
    throw map(reason as A);
  };
  const behaviour: Behaviour<undefined> = {
    start: ({ inner }, request, options) =>
      inner.start(request, options, false).catch((reason: unknown) => {
        if (isOwnAbort(options.signal, reason)) throw reason;
        return fail(reason);
      }),
    cancel({ inner }) {
      inner.cancel();
    },
  };
  return layerFn<MapsFailure<A, B>>("mapFailure", (service) =>
    stackService(overcoming(around(stackOf(service), behaviour), fail)),
  );
}

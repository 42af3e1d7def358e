import { type Layer, layerFn, type MapsFailure } from "@sluice/core";
import { callLayer, isOwnAbort, recoverReadiness, requireFunction } from "@sluice/core/kit";

/**
 * Fails with what `map` makes of a failure of the service inside, be it of readiness or of a call. The reason that the
 * caller's own signal was aborted with is no failure, and passes as it is.
 *
 * @example
 * const users = new ServiceBuilder()
 *   .layer(mapFailure((cause: unknown) => new UserServiceError({ cause })))
 *   .service(lookup);
 *
 * @param map from a failure inside to one outside; synchronous. It is also given undeclared failures, such as a
 *   programming error. What it throws is the failure
 * @throws TypeError when `map` is not a function
 */
export function mapFailure<A, B>(map: (failure: A) => B): Layer<MapsFailure<A, B>> {
  requireFunction("mapFailure", "map", map);
  const fail = (reason: unknown): never => {
    throw map(reason as A);
  };
  const calls = callLayer<any>("mapFailure", (inside, request, options) =>
    inside.start(request, options).catch((reason: unknown) => {
      if (isOwnAbort(options.signal, reason)) throw reason;
      return fail(reason);
    }),
  );
  return layerFn<MapsFailure<A, B>>("mapFailure", (service) => recoverReadiness(calls.wrap(service), fail));
}

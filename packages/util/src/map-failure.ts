import { type Layer, layerFn, type MapsFailure } from "@sluice/core";
import { around, requireFunction, type Stack, stackOf, stackService } from "@sluice/core/internal";
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
  return layerFn<MapsFailure<A, B>>("mapFailure", (service) =>
    stackService(
      around(mappedReadiness(stackOf(service), map as (failure: unknown) => unknown), {
        start: ({ inner }, request, options) =>
          inner.start(request, options, false).catch((reason: unknown) => {
            throw isOwnAbort(options.signal, reason) ? reason : map(reason as A);
          }),
        cancel({ inner }) {
          inner.cancel();
        },
      }),
    ),
  );
}

/** `inner`, with its failures of readiness mapped. */
function mappedReadiness(inner: Stack, map: (failure: unknown) => unknown): Stack {
  return {
    tryReserve(request) {
      try {
        return inner.tryReserve(request);
      } catch (reason) {
        throw map(reason);
      }
    },
    reserve(options, granted, failed) {
      inner.reserve(options, granted, (reason) => {
        let mapped = reason;
        try {
          if (!isOwnAbort(options.signal, reason)) mapped = map(reason);
        } catch (error) {
          mapped = error;
        }
        failed(mapped);
      });
    },
  };
}

import {
  type FailureOf,
  type Kind,
  type Layer,
  layerFn,
  type Mismatch,
  type RequestOf,
  type ResponseOf,
  type Service,
} from "@sluice/core";
import { callLayer, isOwnAbort, promiseOf, recoverReadiness, requireFunction } from "@sluice/core/kit";

/** How a call ended: `PromiseSettledResult`, with a type for the reason. */
export type OutcomeOf<Res, Err> = PromiseFulfilledResult<Res> | { readonly status: "rejected"; readonly reason: Err };

/** Turns outcomes that are an `A` inside into an `R`. */
export interface MapsResult<A, R> extends Kind {
  readonly "~outer": [OutcomeOf<ResponseOf<this["~inner"]>, FailureOf<this["~inner"]>>] extends [A]
    ? Service<RequestOf<this["~inner"]>, ValueOf<R>, ReasonOf<R>>
    : Mismatch<
        "mapResult maps outcomes, and the service inside has others",
        A,
        OutcomeOf<ResponseOf<this["~inner"]>, FailureOf<this["~inner"]>>
      >;
}

type ValueOf<R> = R extends { readonly status: "fulfilled"; readonly value: infer Res } ? Res : never;
type ReasonOf<R> = R extends { readonly status: "rejected"; readonly reason: infer Err } ? Err : never;

/**
 * Ends with what `map` makes of the outcome of the service inside: a response may become a failure, and a failure a
 * response. A failure of readiness is mapped, too: to another one, or, where it becomes a response or `map` is async, to the
 * outcome of a call whose permit is granted and holds nothing inside. The reason that the caller's own signal was aborted with
 * is no outcome of the service, and passes as it is.
 *
 * @example
 * // A 5xx is a failure from here on.
 * const fetched = new ServiceBuilder()
 *   .layer(mapResult((outcome: OutcomeOf<Response, NetworkError>) =>
 *     outcome.status === "fulfilled" && outcome.value.status >= 500
 *       ? { status: "rejected", reason: new ServerError(outcome.value.status) }
 *       : outcome))
 *   .service(client);
 *
 * @param map from an outcome inside to one outside; may be async, and the call lasts until it has settled. It is also
 *   given undeclared failures. What it throws is the failure, and is outside `Err`
 * @throws TypeError when `map` is not a function
 */
export function mapResult<R extends OutcomeOf<unknown, unknown>, A = OutcomeOf<unknown, unknown>>(
  map: (outcome: A) => R | PromiseLike<R>,
): Layer<MapsResult<A, R>> {
  requireFunction("mapResult", "map", map);
  const end = (outcome: OutcomeOf<unknown, unknown>): unknown => {
    const mapped = map(outcome as A);
    return "status" in mapped ? settle(mapped) : promiseOf(mapped).then(settle);
  };
  const calls = callLayer<any>("mapResult", (inside, request, options) =>
    inside.start(request, options).then(
      (value) => end({ status: "fulfilled", value }),
      (reason: unknown) => {
        if (isOwnAbort(options.signal, reason)) throw reason;
        return end({ status: "rejected", reason });
      },
    ),
  );
  return layerFn<MapsResult<A, R>>("mapResult", (service) =>
    recoverReadiness(calls.wrap(service), (reason) => {
      const answer = promiseOf(end({ status: "rejected", reason }));
      // The permit may never be spent, and then the failure must not be reported.
      answer.catch(() => {});
      // Another promise, so that a failure is reported where its caller ignores it.
      return () => answer.then();
    }),
  );
}

function settle(outcome: OutcomeOf<unknown, unknown>): unknown {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

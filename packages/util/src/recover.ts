import { type HandlerOptions, type Layer, layerFn, type Recovers, type Service } from "@sluice/core";
import { callLayer, isOwnAbort, recoverReadiness, requireFunction } from "@sluice/core/kit";
import { type FailureClass, type FailureGuard, failureMatcher } from "./failure-matcher.ts";

/**
 * Answers in place of one kind of failure, and takes it out of `Err`. A failure of readiness is answered for in the
 * call: the permit is granted, and holds nothing inside. Other failures pass as they are, and so does the reason that the
 * caller's own signal was aborted with.
 *
 * @example
 * const lookup = new ServiceBuilder()
 *   .layer(recover(OverloadedError, () => "busy" as const))
 *   .layer(loadShed())
 *   .service(backend);
 *
 * @param failure an error class, or a guard. The classes of Sluice are known by their brand, so that errors from another
 *   copy of a package count too; all other classes by `instanceof`
 * @param answer `(error, request, options)`; may be async, and the call lasts until it has settled. What it throws is the
 *   failure of the call, and is outside `Err`
 * @throws TypeError when `failure` is neither a class nor a guard (an instance is neither), or `answer` is not a function
 */
export function recover<E, R, Req = unknown>(
  failure: FailureClass<E> | FailureGuard<E>,
  answer: (error: E, request: Req, options: HandlerOptions) => R,
): Layer<Recovers<E, Awaited<R>, Req>> {
  const matches = failureMatcher("recover", failure);
  requireFunction("recover", "answer", answer);
  const calls = callLayer<any>("recover", (inside, request, options) =>
    inside.start(request, options).catch((reason: unknown) => {
      if (isOwnAbort(options.signal, reason) || !matches(reason)) throw reason;
      return answer(reason as E, request as Req, options);
    }),
  );
  // A failure of readiness waits for the call, for there is an answer only where there is a request.
  return layerFn<Recovers<E, Awaited<R>, Req>>(
    "recover",
    (service) =>
      recoverReadiness(calls.wrap(service) as Service<any, any>, (reason) =>
        matches(reason) ? (request: Req, options): unknown => answer(reason as E, request, options) : undefined,
      ) as Service<any, any, any>,
  );
}

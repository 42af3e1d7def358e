import type {
  Adds,
  HandlerOptions,
  FailureOf,
  Kind,
  Layer,
  Mismatch,
  RequestOf,
  ResponseOf,
  Service,
} from "@sluice/core";
import { abortReason, callLayer, type Inside, promiseOf, requireFunction } from "@sluice/core/kit";
import { FilteredError } from "./filtered-error.ts";

/** Takes `A`, and lets those that are a `B` pass. */
export interface Filters<A, B> extends Kind {
  readonly "~asks"?: B;
  readonly "~outer": Filtered<A, B, this["~inner"]>;
}

type Filtered<A, B, Inner> = { readonly "~": B } extends { readonly "~": RequestOf<Inner> }
  ? Service<A, ResponseOf<Inner>, FailureOf<Inner> | FilteredError>
  : Mismatch<"filter lets requests pass, and the service inside takes others", B, RequestOf<Inner>>;

/**
 * Lets only those requests pass that the predicate holds for; the call of any other rejects with {@link FilteredError}
 * and does not reach the service inside, whose permit is released at once. The predicate is asked in the call, once.
 *
 * @example
 * const known = new ServiceBuilder().layer(filter((name: string) => names.has(name))).service(lookup);
 *
 * @param predicate `(request, options)`; may be async, and then holds the permit of the service inside until it has
 *   settled. A type guard narrows what the service inside is asked with. What it throws is the failure of the call, and
 *   is outside `Err`
 * @throws TypeError when `predicate` is not a function
 */
export function filter<A, B extends A>(
  predicate: (request: A, options: HandlerOptions) => request is B,
): Layer<Filters<A, B>>;
export function filter<Req = unknown>(
  predicate: (request: Req, options: HandlerOptions) => boolean | PromiseLike<boolean>,
): Layer<Adds<FilteredError, Req>>;
export function filter(
  predicate: (request: any, options: HandlerOptions) => boolean | PromiseLike<boolean>,
): Layer<any> {
  requireFunction("filter", "predicate", predicate);
  return callLayer<any>("filter", (inside, request, options) => {
    const passes = predicate(request, options);
    if (passes === true) return inside.start(request, options);
    if (passes === false) return failed(inside, new FilteredError());
    return promiseOf(passes).then(
      (passed) => {
        if (!passed) return failed(inside, new FilteredError());
        // The abort may have come while the predicate was at work.
        if (options.signal?.aborted) return failed(inside, abortReason(options.signal));
        return inside.start(request, options);
      },
      (error: unknown) => failed(inside, error),
    );
  });
}

function failed(inside: Inside, reason: unknown): Promise<never> {
  inside.cancel();
  return Promise.reject(reason);
}

import {
  type Adds,
  type CallOptions,
  type FailureOf,
  type Kind,
  type Layer,
  layerFn,
  type Mismatch,
  type RequestOf,
  type ResponseOf,
  type Service,
} from "@sluice/core";
import { around, type Reservation, stackOf, stackService } from "@sluice/core/internal";
import { promiseOf, requireFunction } from "@sluice/core/kit";
import { FilteredError } from "./filtered-error.ts";

/** Takes `A`, and lets those that are a `B` pass. */
export interface Filters<A, B> extends Kind {
  readonly "~asks"?: B;
  readonly "~outer": [B] extends [RequestOf<this["~inner"]>]
    ? Service<A, ResponseOf<this["~inner"]>, FailureOf<this["~inner"]> | FilteredError>
    : Mismatch<"the service inside takes other requests", B, RequestOf<this["~inner"]>>;
}

/**
 * Lets only those requests pass that the predicate holds for; the call of any other rejects with {@link FilteredError}
 * and does not reach the service inside, whose permit is given back at once. The predicate is asked in the call, once.
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
  predicate: (request: A, options: CallOptions) => request is B,
): Layer<Filters<A, B>>;
export function filter<Req = unknown>(
  predicate: (request: Req, options: CallOptions) => boolean | PromiseLike<boolean>,
): Layer<Adds<FilteredError, Req>>;
export function filter(predicate: (request: any, options: CallOptions) => boolean | PromiseLike<boolean>): Layer<any> {
  requireFunction("filter", "predicate", predicate);
  return layerFn<any>("filter", (service) =>
    stackService(
      around(stackOf(service), {
        start({ inner }, request, options, edge) {
          let passes: boolean | PromiseLike<boolean>;
          try {
            passes = predicate(request, options);
          } catch (error) {
            return failed(inner, error);
          }
          if (passes === true) return inner.start(request, options, edge);
          if (passes === false) return failed(inner, new FilteredError());
          return promiseOf(passes).then(
            (passed) => {
              if (!passed) return failed(inner, new FilteredError());
              // The abort may have come while the predicate was at work.
              if (options.signal?.aborted) return failed(inner, options.signal.reason);
              return inner.start(request, options, false);
            },
            (error: unknown) => failed(inner, error),
          );
        },
        cancel({ inner }) {
          inner.cancel();
        },
      }),
    ),
  );
}

function failed(inner: Reservation, reason: unknown): Promise<never> {
  inner.cancel();
  return Promise.reject(reason);
}

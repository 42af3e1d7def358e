import type { Outcome } from "@sluice/core";
import { isBranded } from "@sluice/core/kit";
import type { HttpRequest } from "./http-request.ts";
import { isNetworkError } from "./network-error.ts";
import { isReplayable, replay } from "./replay.ts";
import { isStatusError } from "./status-error.ts";

/** What {@link retryIdempotent} looks at of an attempt that has ended. */
export interface HttpAttempt {
  /** What was sent. */
  readonly request: HttpRequest;
  /** The response, or the failure. */
  readonly outcome: Outcome;
}

/**
 * Whether a failure may pass by itself, so that asking again may help: `NetworkError`, `TimeoutError` of `@sluice/timeout`, and `StatusError`
 * with any status but 501 and 505, which will be the same tomorrow. A refusal (`OverloadedError`, an open circuit) is none: to ask again is
 * what it refuses. For `retryIf`, and for what a circuit breaker counts. Never throws.
 *
 * @example
 * retryPolicy({ maxRetries: 3, retryIf: ({ outcome }) => outcome.status === "rejected" && isTransient(outcome.reason) });
 */
export function isTransient(error: unknown): boolean {
  if (isStatusError(error)) return error.status !== 501 && error.status !== 505;
  return isNetworkError(error) || isBranded(error, "TimeoutError");
}

/** The options of a retry policy that know HTTP: see {@link retryIdempotent}. */
export interface RetryIdempotent {
  /** Transient failures of requests that may be sent twice. */
  readonly retryIf: (attempt: HttpAttempt) => boolean;
  /** What the other side asked for in `Retry-After`. */
  readonly retryAfter: (attempt: HttpAttempt) => number | undefined;
  /** The request to send again. */
  readonly cloneRequest: (request: HttpRequest) => HttpRequest | undefined;
}

/**
 * What a retry policy must know of HTTP, to be spread into its options: it tries again after a transient failure ({@link isTransient}) of a
 * request that may be sent twice ({@link isReplayable}), no sooner than `Retry-After` says, and sends what {@link replay} makes.
 *
 * @example
 * retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, budget: retryBudget() }));
 */
export const retryIdempotent: RetryIdempotent = {
  retryIf: ({ request, outcome }) =>
    outcome.status === "rejected" && isTransient(outcome.reason) && isReplayable(request),
  retryAfter: ({ outcome }) =>
    outcome.status === "rejected" && isStatusError(outcome.reason) ? outcome.reason.retryAfter : undefined,
  cloneRequest: replay,
};

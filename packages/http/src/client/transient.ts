import type { Outcome } from "@sluice/core";
import { isBranded } from "@sluice/core/kit";
import type { HttpRequest } from "./http-request.ts";
import { isNetworkError } from "./network-error.ts";
import { isReplayable, replay } from "./replay.ts";
import { isStatusError } from "./status-error.ts";

/** The members of a retry's attempt that {@link retryIdempotent} uses. */
export interface HttpAttempt {
  /** The request that was sent. */
  readonly request: HttpRequest;
  /** The response, or the failure. */
  readonly outcome: Outcome;
}

/**
 * Whether a failure is transient, so that a retry may help: `NetworkError`, `TimeoutError` of `@sluice/timeout`, and `StatusError`, but for
 * 501, 505, and those of 400 to 499 that are not 408, 425 or 429: they say that the request has to change. A refusal (`OverloadedError`,
 * an open circuit) is not. For `retryIf`, and for what a circuit breaker counts. Never throws.
 *
 * @example
 * retryPolicy({ maxRetries: 3, retryIf: ({ outcome }) => outcome.status === "rejected" && isTransient(outcome.reason) });
 */
export function isTransient(error: unknown): boolean {
  if (isStatusError(error)) return !lasts(error.status);
  return isNetworkError(error) || isBranded(error, "TimeoutError");
}

/** Whether the same request would be answered with this status again: what the other side does not do, and what the client got wrong. */
function lasts(status: number): boolean {
  if (status >= 400 && status < 500) return status !== 408 && status !== 425 && status !== 429;
  return status === 501 || status === 505;
}

/** The options of a retry policy for HTTP: see {@link retryIdempotent}. */
export interface RetryIdempotent {
  /** True for transient failures of requests that may be sent twice. */
  readonly retryIf: (attempt: HttpAttempt) => boolean;
  /** The delay of `Retry-After`, in milliseconds. */
  readonly retryAfter: (attempt: HttpAttempt) => number | undefined;
  /** The request to send again. */
  readonly cloneRequest: (request: HttpRequest) => HttpRequest | undefined;
}

/**
 * Options of a retry policy for HTTP: it retries transient failures ({@link isTransient}) of requests that may be sent twice
 * ({@link isReplayable}), no sooner than `Retry-After` says, and sends what {@link replay} returns.
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

import { events, isRefusal } from "@sluice/core";
import {
  longestTimer,
  readOptions,
  requireFunction,
  requireMethods,
  requireNoPromise,
  requireNumber,
} from "@sluice/core/kit";
import { announceDenial } from "./announce.ts";
import { type Backoff, exponentialBackoff } from "./exponential-backoff.ts";
import type { Attempt, RetryPolicy } from "./policy.ts";
import type { RetryBudget } from "./retry-budget.ts";

/** Options of {@link retryPolicy}. */
export interface RetryPolicyOptions<in Req = unknown, in Res = unknown> {
  /** How many attempts there may be after the first: a whole number of 0 or more, or Infinity. */
  readonly maxRetries: number;
  /**
   * Whether to try again, called for responses too. Default: when the attempt was rejected, whatever the reason and the request. See
   * `isIdempotent` for requests that are not safe to repeat.
   */
  readonly retryIf?: ((attempt: Attempt<Req, Res>) => boolean) | undefined;
  /** How long to wait before each retry; default `exponentialBackoff({ base: 100, max: 10_000 })`, with full jitter. */
  readonly backoff?: Backoff<any> | undefined;
  /** How many retries there may be, of all requests together; default: no bound. */
  readonly budget?: Pick<RetryBudget, "deposit" | "withdraw"> | undefined;
  /**
   * In how many milliseconds the other side wants to be asked again: the delay is not shorter. Anything but a number above 0 is
   * ignored, also text (`Number(response.headers.get("retry-after")) * 1_000` makes a number of it); with more than 2^31-1 there is no
   * retry. Default: what a refusal (`isRefusal`) says, such as an `OverloadedError`.
   */
  readonly retryAfter?: ((attempt: Attempt<Req, Res>) => number | undefined) | undefined;
  /** The request itself is sent again. For copies see {@link CloningRetryPolicyOptions}. */
  readonly cloneRequest?: undefined;
}

/** Options of {@link retryPolicy}, for requests that an attempt uses up. */
export interface CloningRetryPolicyOptions<Req, in Res = unknown> extends Omit<
  RetryPolicyOptions<Req, Res>,
  "cloneRequest"
> {
  /**
   * Makes the copy to send again, before each attempt: `(request) => request.clone()`. With undefined the request is not retried.
   * Default: the request itself is sent again.
   */
  readonly cloneRequest: (request: Req) => Req | undefined;
}

/**
 * The policy that most need. A request earns its share of the budget once; each retry is paid for, at the moment it is certain
 * that it will be made.
 *
 * @example
 * const policy = retryPolicy<Request>({
 *   maxRetries: 3,
 *   retryIf: ({ request, outcome }) => outcome.status === "rejected" && isIdempotent(request.method),
 *   budget: retryBudget({ ttl: 10_000, minPerSecond: 10, ratio: 0.2 }),
 * });
 *
 * @throws TypeError | RangeError when an option is missing or not in its range
 */
export function retryPolicy<Req, Res = unknown>(
  options: CloningRetryPolicyOptions<Req, Res>,
): RetryPolicy<Req, Res, unknown, Req>;
export function retryPolicy<Req = unknown, Res = unknown>(
  options: RetryPolicyOptions<Req, Res>,
): RetryPolicy<Req, Res, unknown, never>;
export function retryPolicy<Req, Res>(
  options: RetryPolicyOptions<Req, Res> | CloningRetryPolicyOptions<Req, Res>,
): RetryPolicy<Req, Res, unknown, any> {
  const owner = "retryPolicy";
  const read = readOptions(owner, options as CloningRetryPolicyOptions<Req, Res>, [
    "maxRetries",
    "retryIf",
    "backoff",
    "budget",
    "retryAfter",
    "cloneRequest",
  ]);
  const { retryIf = wasRejected, retryAfter = asRefused, budget, cloneRequest } = read;
  if (cloneRequest !== undefined) requireFunction(owner, "cloneRequest", cloneRequest);
  const { backoff = exponentialBackoff({ base: 100, max: 10_000 }) as Backoff<any> } = read;
  const maxRetries = requireNumber(owner, "maxRetries", read.maxRetries, { min: 0, integer: true, infinity: true });
  requireFunction(owner, "retryIf", retryIf);
  requireFunction(owner, "retryAfter", retryAfter);
  requireMethods(owner, "backoff", backoff, "a backoff", ["next"]);
  if (budget !== undefined) requireMethods(owner, "budget", budget, "a retry budget", ["deposit", "withdraw"]);
  const policy: RetryPolicy<Req, Res, unknown, any> = {
    ...(cloneRequest !== undefined && { cloneRequest }),
    budgeted: budget !== undefined,
    timed: read.retryIf !== undefined || read.retryAfter !== undefined,
    onlyFailures: read.retryIf === undefined,
    start() {
      budget?.deposit();
    },
    decide(attempt) {
      if (attempt.number > maxRetries) {
        // Whether it would be tried again is asked only for listeners.
        if (events.listening && mayRetry(retryIf, attempt))
          announceDenial(policy, attempt.number + 1, "exhausted", attempt.label);
        return undefined;
      }
      if (!mayRetry(retryIf, attempt)) return undefined;
      const { delay: least, state } = backoff.next(attempt.state);
      const asked: unknown = retryAfter(attempt);
      const delay = typeof asked === "number" && asked > least ? asked : least;
      // What cannot be waited for is not paid for.
      if (delay > longestTimer || (attempt.remaining !== undefined && delay >= attempt.remaining)) {
        announceDenial(policy, attempt.number + 1, "deadline", attempt.label);
        return undefined;
      }
      if (budget?.withdraw() !== false) return { delay, state };
      announceDenial(policy, attempt.number + 1, "budget", attempt.label);
      return undefined;
    },
  };
  return policy;
}

/** An async `retryIf` would have everything tried again, whatever it says. */
function mayRetry(retryIf: (attempt: Attempt<any, any>) => boolean, attempt: Attempt<any, any>): boolean {
  const may: unknown = retryIf(attempt);
  requireNoPromise("retryPolicy", "retryIf", "true or false", may);
  return Boolean(may);
}

function wasRejected({ outcome }: Attempt): boolean {
  return outcome.status === "rejected";
}

function asRefused({ outcome }: Attempt): number | undefined {
  return outcome.status === "rejected" && isRefusal(outcome.reason) ? outcome.reason.retryAfter : undefined;
}

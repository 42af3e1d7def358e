/**
 * Tries a request again when a policy says so: with backoff that is spread, a budget that keeps retries from multiplying
 * the load, and no permit held in between.
 *
 * @packageDocumentation
 */
export type { Backoff, BackoffStep, ExponentialBackoffOptions, Jitter } from "./exponential-backoff.ts";
export { exponentialBackoff } from "./exponential-backoff.ts";
export { isIdempotent } from "./is-idempotent.ts";
export type { Attempt, RetryDecision, RetryPolicy } from "./policy.ts";
export type { Retries, RetryLayer, RetryOptions } from "./retry.ts";
export { retry } from "./retry.ts";
export type { RetryBudget, RetryBudgetOptions } from "./retry-budget.ts";
export { retryBudget } from "./retry-budget.ts";
export type { CloningRetryPolicyOptions, RetryPolicyOptions } from "./retry-policy.ts";
export { retryPolicy } from "./retry-policy.ts";

/**
 * Lets a number of calls run at once (`concurrencyLimit`), or start in a span of time (`rateLimit`), and lines up the
 * rest, first come, first served.
 *
 * @packageDocumentation
 */
export { Semaphore } from "@sluice/core";
export type { ConcurrencyLimit, ConcurrencyLimitOptions } from "./concurrency-limit.ts";
export { concurrencyLimit } from "./concurrency-limit.ts";
export { FixedWindow } from "./fixed-window.ts";
export type { RateOptions } from "./rate.ts";
export type { RateLimit, RateLimitOptions } from "./rate-limit.ts";
export { rateLimit } from "./rate-limit.ts";
export { SlidingWindow } from "./sliding-window.ts";
export type { TokenBucketOptions } from "./token-bucket.ts";
export { TokenBucket } from "./token-bucket.ts";

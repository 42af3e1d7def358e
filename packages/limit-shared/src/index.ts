/**
 * Limits that many processes share through a Redis or Valkey server: a rate, or a number of concurrent calls.
 *
 * @packageDocumentation
 */
export type { StoreState } from "./link/member.ts";
export type { Outage } from "./outage.ts";
export type { SharedRateLimitOptions } from "./rate/rate-terms.ts";
export type { SharedRateLimit } from "./rate/shared-rate-limit.ts";
export { sharedRateLimit } from "./rate/shared-rate-limit.ts";
export { SharedRate } from "./rate/shared-rate.ts";
export type { SharedConcurrencyLimit } from "./slots/shared-concurrency-limit.ts";
export { sharedConcurrencyLimit } from "./slots/shared-concurrency-limit.ts";
export { SharedSemaphore } from "./slots/shared-semaphore.ts";
export type { SharedConcurrencyLimitOptions, SharedSemaphoreOptions } from "./slots/slot-terms.ts";
export type { SharedLimit } from "./shared-limit.ts";
export type { SharedOptions } from "./shared-options.ts";
export type { MemoryStoreOptions } from "./store/memory-store.ts";
export { memoryStore } from "./store/memory-store.ts";
export type { RateStore, ShareAnswer, ShareAsk, SlotStore, Store, TakeAnswer, TakeAsk } from "./store/store.ts";
export type { StoreDownErrorOptions } from "./store-down-error.ts";
export { isStoreDownError, StoreDownError } from "./store-down-error.ts";

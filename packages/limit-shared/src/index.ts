/**
 * Limits that many processes share, a rate or a number of calls at once, over the Redis or Valkey that they already run.
 *
 * @packageDocumentation
 */
export type { RateStore, ShareAnswer, ShareAsk, SlotStore, Store, TakeAnswer, TakeAsk } from "./store/store.ts";

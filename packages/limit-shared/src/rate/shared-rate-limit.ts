import { gate } from "@sluice/core";
import type { SharedLimit } from "../shared-limit.ts";
import type { SharedRateLimitOptions } from "./rate-terms.ts";
import { rateLayerName, SharedRate } from "./shared-rate.ts";

/** A layer that limits how many calls start in a span of time, over all members that share its key. */
export interface SharedRateLimit extends SharedLimit {
  /** How many calls may start in an `interval`, over all members. */
  readonly limit: number;
  /** The span of time, in milliseconds. */
  readonly interval: number;
  /** Permits held in this member whose calls have not started yet. */
  readonly active: number;
  /** How many permits this member has free now. */
  readonly available: number;
  /** For how many milliseconds the longest holder has had a permit without starting its call; 0 when none is held. */
  readonly oldest: number;
}

/**
 * Limits how many calls start in a span of time, over all processes that share a `key` of a `store`: at most
 * `max(burst, 1 + limit * hold / interval) + limit * t / interval` in any time `t`. Other callers wait in line: first in, first out in each
 * member, and in the order of their questions to the store among members.
 *
 * Readiness stays synchronous: each member borrows a few tokens in advance, valid for `hold`, and asks the store in the background, in
 * batches. A caller that cannot start by its `deadline` is refused with `OverloadedError` as soon as that is known, after at most one round
 * trip. `outage` decides what happens while the store cannot be reached.
 *
 * @example
 * const rate = sharedRateLimit({ store, key: "search", limit: 400, interval: 1_000 });
 * const service = new ServiceBuilder().layer(rate).serviceFn(ask);
 * rate.members; // how many processes share it
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function sharedRateLimit(options: SharedRateLimitOptions): SharedRateLimit {
  const rate = new SharedRate(options, rateLayerName);
  const { key, label, limit, interval, burst, hold, outage } = rate.terms;
  const facts = { key, limit, interval, burst, hold, outage };
  return {
    ...gate(rate, { name: rateLayerName, label, traits: ["rates"], facts }),
    limit,
    interval,
    get active() {
      return rate.active;
    },
    get waiting() {
      return rate.waiting;
    },
    get available() {
      return rate.available;
    },
    get oldest() {
      return rate.oldest;
    },
    get state() {
      return rate.state;
    },
    get members() {
      return rate.members;
    },
    get trips() {
      return rate.trips;
    },
    get late() {
      return rate.late;
    },
    warm: (count) => rate.warm(count),
    close: () => rate.close(),
  };
}

import { readOptions, requireDuration, requireNumber, requireOneOf } from "@sluice/core/kit";
import { requireShared, sharedNames, type SharedOptions, type SharedTerms } from "../shared-options.ts";
import type { RateStore } from "../store/store.ts";

/** Options of {@link sharedRateLimit} and {@link SharedRate}. */
export interface SharedRateLimitOptions extends SharedOptions {
  /** Where the members meet: `memoryStore()`, or `redisStore()` of `@sluice/limit-shared/redis`. */
  readonly store: RateStore;
  /** How many calls may start in an `interval`, over all members: a whole number from 1 to 2^53-1. The same in all members. */
  readonly limit: number;
  /** The span of time in milliseconds: above 0, at most 2^31-1. The same in all members. */
  readonly interval: number;
  /** How many calls may start together after a pause: a whole number from 1 to 2^53-1; default `limit`. The same in all members. */
  readonly burst?: number | undefined;
  /**
   * How long a borrowed token is valid: milliseconds, above 0, at most 2^31-1. A longer time means fewer round trips to the store and a
   * smaller shared burst. Choose at least four times the slowest round trip. The same in all members. Default: the least of 1,000,
   * `interval / 10` and `burst * interval / (2 * limit)`.
   */
  readonly hold?: number | undefined;
  /** `"share"` (default), `"refuse"` or `"allow"`. With `"share"`, tokens come at `share` of the rate. */
  readonly outage?: SharedOptions["outage"];
  /** What a bucket holds at first, and after the store has lost its state: `"full"` (default) or `"empty"`. */
  readonly fresh?: "full" | "empty" | undefined;
  /**
   * How long the limit waits for an answer before the store counts as down: milliseconds, above 0, at most `hold`. Default 250, or `hold`
   * where that is less.
   */
  readonly timeout?: number | undefined;
}

/** The checked options, and values derived from them. */
export interface RateTerms extends SharedTerms {
  readonly store: RateStore;
  readonly limit: number;
  readonly interval: number;
  readonly burst: number;
  readonly hold: number;
  readonly fresh: "full" | "empty";
  /** The time between two tokens: ms. */
  readonly step: number;
  /** The size of the store's bucket: `burst` less what members may hold at the same time, at least 1. */
  readonly storeBurst: number;
  /** How many tokens are gained in a `hold`, over all members. Below 1, none are kept in stock. */
  readonly perHold: number;
}

/** @throws TypeError | RangeError when an option is not in its range */
export function readRateTerms(owner: string, options: SharedRateLimitOptions): RateTerms {
  const names = [...sharedNames, "limit", "interval", "burst", "hold", "fresh"] as const;
  const read = readOptions(owner, options, names);
  const limit = requireCount(owner, "limit", read.limit);
  const interval = requireDuration(owner, "interval", read.interval, { above: true });
  const burst = requireCount(owner, "burst", read.burst === undefined ? limit : read.burst);
  const usual = Math.max(Number.MIN_VALUE, Math.min(1_000, interval / 10, (burst * interval) / (2 * limit)));
  const hold = requireDuration(owner, "hold", read.hold === undefined ? usual : read.hold, { above: true });
  const { fresh = "full" } = read;
  const perHold = (limit * hold) / interval;
  return {
    ...requireShared(owner, read, { method: "take", outage: "share", longest: hold, span: interval }),
    store: read.store as RateStore,
    limit,
    interval,
    burst,
    hold,
    fresh: requireOneOf(owner, "fresh", fresh, ["full", "empty"]),
    step: Math.max(interval / limit, Number.MIN_VALUE),
    storeBurst: Math.max(1, burst - perHold),
    perHold,
  };
}

/** A whole number of calls, 1 or more, that can be counted exactly. */
function requireCount(owner: string, option: string, value: unknown): number {
  return requireNumber(owner, option, value, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
}

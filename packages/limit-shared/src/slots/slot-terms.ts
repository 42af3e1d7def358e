import type { GateOptions } from "@sluice/core";
import { readOptions, requireDuration, requireFunction, requireNumber } from "@sluice/core/kit";
import { requireShared, sharedNames, type SharedOptions, type SharedTerms } from "../shared-options.ts";
import type { SlotStore } from "../store/store.ts";

/** Options of {@link SharedSemaphore}. */
export interface SharedSemaphoreOptions extends SharedOptions {
  /** Where the members meet: `memoryStore()`, or `redisStore()` of `@sluice/limit-shared/redis`. */
  readonly store: SlotStore;
  /** How many calls may run at the same time, over all members: a whole number of 0 or more. The same in all members. */
  readonly max: number;
  /** How long after its last question a member keeps its slots: milliseconds, 100 to 2^31-1; default 10,000. */
  readonly ttl?: number | undefined;
  /**
   * How often a member that holds slots, or wants some, asks the store: milliseconds, above 0, at most `ttl / 3`. Default 250, or `ttl / 3`
   * where that is less.
   */
  readonly refresh?: number | undefined;
  /** How long a free slot is kept for the next call: milliseconds, 0 to 2^31-1; default 100. */
  readonly linger?: number | undefined;
  /**
   * What happens when the store cannot be reached and the lease has ended: `"refuse"` (default), `"share"` or `"allow"`. Until the lease
   * ends a member keeps its slots. With `"share"` it then has `share` of `max`, rounded down.
   */
  readonly outage?: SharedOptions["outage"];
  /**
   * How long the limit waits for an answer before the store counts as down: milliseconds, above 0, at most `ttl / 3`. Default 250, or
   * `ttl / 3` where that is less.
   */
  readonly timeout?: number | undefined;
}

/** Options of {@link sharedConcurrencyLimit}. */
export interface SharedConcurrencyLimitOptions extends SharedSemaphoreOptions {
  /**
   * Holds the permit past the response, until the promise that it returns settles: until a streamed body has ended. Called once for each
   * response; undefined holds nothing. Default: no longer than the call.
   */
  readonly until?: GateOptions["until"];
}

/** The checked options. */
export interface SlotTerms extends SharedTerms {
  readonly store: SlotStore;
  readonly max: number;
  readonly ttl: number;
  readonly refresh: number;
  readonly linger: number;
  readonly until: GateOptions["until"];
}

/** @throws TypeError | RangeError when an option is not in its range */
export function readSlotTerms(
  owner: string,
  options: SharedConcurrencyLimitOptions,
  more: readonly "until"[] = [],
): SlotTerms {
  const names = [...sharedNames, "max", "ttl", "refresh", "linger", ...more] as const;
  const read = readOptions(owner, options, names);
  const max = requireNumber(owner, "max", read.max, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  const { ttl = 10_000, linger = 100, until } = read;
  requireNumber(owner, "ttl", ttl, { min: 100, max: 2 ** 31 - 1 });
  const third = ttl / 3;
  const { refresh = Math.min(250, third) } = read;
  if (until !== undefined) requireFunction(owner, "until", until);
  return {
    ...requireShared(owner, read, { method: "share", outage: "refuse", longest: third, span: ttl }),
    store: read.store as SlotStore,
    max,
    ttl,
    refresh: requireNumber(owner, "refresh", refresh, { min: 0, above: true, max: third }),
    linger: requireDuration(owner, "linger", linger),
    until,
  };
}

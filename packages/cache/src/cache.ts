import {
  type Clock,
  type FailureOf,
  type GivesOnly,
  type Kind,
  type Layer,
  layerFn,
  type OverloadedError,
  type RequestOf,
  type ResponseOf,
  type Service,
  type TakesOnly,
} from "@sluice/core";
import { stackOf, stackService } from "@sluice/core/internal";
import {
  readOptions,
  requireClock,
  requireDuration,
  requireFunction,
  requireLabel,
  requireMethods,
  requireNumber,
  show,
} from "@sluice/core/kit";
import type { CacheEntry, CacheStore } from "./cache-store.ts";
import { type CacheCounts, Cached } from "./cached.ts";
import { Entries } from "./entries.ts";
import { Flights } from "./flights.ts";
import { keeping } from "./keeping.ts";
import { checkedKey, type KeyOf } from "./key.ts";
import { Recent } from "./recent.ts";

/** Options of {@link cache}. */
export interface CacheOptions<Req, Res> {
  /**
   * Tells requests apart: those of one key have the same answer. Undefined: the request is called on its own, and its answer is not kept.
   * Otherwise as that of `coalesce`: whatever the answer depends on belongs into it.
   */
  readonly key: (request: Req) => unknown;
  /** For how many ms an answer is fresh, from when it came: 0 to 2^31-1. */
  readonly ttl: number;
  /** For how many ms after `ttl` an answer is still given, while another is fetched at its side: 0 to 2^31-1. Default 0. */
  readonly staleWhileRevalidate?: number | undefined;
  /** For how many ms after `ttl` an answer is given where the service has no room or fails: 0 to 2^31-1. Default 0. */
  readonly staleIfError?: number | undefined;
  /** Where answers are kept. Default: in memory, at most `max`, and the one that was not used for longest goes first. */
  readonly store?: CacheStore<CacheEntry<Res>> | undefined;
  /** How many answers are kept at most: a whole number from 1 to 2^53-1. Not with a `store`, which has limits of its own. Default 1,000. */
  readonly max?: number | undefined;
  /**
   * Whether an answer is kept: `true`, or not. What it throws is reported, and nothing is kept. Runs in the async context of the caller whose
   * call it was. Default: all answers are. Failures never are.
   */
  readonly cacheIf?: ((response: Res, request: Req) => boolean) | undefined;
  /** Where it reads the time; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this layer apart from others of its kind: `"prices"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** What `cache` does to types. */
export interface Caches<Req, Res> extends Kind {
  readonly "~asks"?: Req;
  readonly "~outer": TakesOnly<
    Req,
    this["~inner"],
    GivesOnly<
      Res,
      this["~inner"],
      Service<RequestOf<this["~inner"]>, ResponseOf<this["~inner"]>, FailureOf<this["~inner"]> | OverloadedError>
    >
  >;
}

/** A layer with a cache. One value is one store, for all the services that it wraps: they answer alike, or each has a layer of its own. */
export interface CacheLayer<Req, Res = unknown> extends Layer<Caches<Req, Res>> {
  /** Calls that were answered by what is kept, from the beginning. */
  readonly hits: number;
  /** Those of them whose answer was past its `ttl`. */
  readonly stale: number;
  /** Calls that made a call, or joined one, from the beginning. Where that fails and what is kept is the answer, it is a hit as well. */
  readonly misses: number;
  /** Calls of the services inside at the side of a hit, from the beginning. */
  readonly refreshes: number;
  /** Refreshes that failed, from the beginning. */
  readonly failedRefreshes: number;
  /** Calls of the services inside that are in flight, and that a newcomer joins. */
  readonly inFlight: number;
  /** Calls that were answered by another caller's, from the beginning. */
  readonly joined: number;
  /** Forgets the answer for a key; what is in flight for it is not kept, and a newcomer begins another call. Throws what the store throws. */
  delete(key: unknown): void;
  /** Forgets all answers, likewise. A `store` without `clear` keeps them. */
  clear(): void;
}

const name = "cache";

const names = [
  "key",
  "ttl",
  "staleWhileRevalidate",
  "staleIfError",
  "store",
  "max",
  "cacheIf",
  "clock",
  "label",
] as const;

/**
 * Keeps answers for a while, with single flight for those that are missing (see `coalesce`). A hit is ready whatever the service inside says,
 * and adds one microtask. An answer is fresh for `ttl`; then it is given for `staleWhileRevalidate`, while one call at a time refreshes it, if
 * there is room for it at that moment; then it is a miss, and where the service inside has no room, is not ready, or fails, the answer is given for
 * `staleIfError` after its `ttl` (RFC 5861). Failures are not kept.
 *
 * @example
 * const prices = cache({ key: (sku: string) => sku, ttl: 60_000, staleWhileRevalidate: 30_000, staleIfError: 600_000 });
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function cache<Req = unknown, Res = unknown>(options: CacheOptions<Req, Res>): CacheLayer<Req, Res> {
  const read = readOptions(name, options, names);
  requireFunction(name, "key", read.key);
  const keyOf = checkedKey(name, read.key as KeyOf);
  const { staleWhileRevalidate = 0, staleIfError = 0, max = 1_000, cacheIf, store } = read;
  const windows = {
    ttl: requireDuration(name, "ttl", read.ttl),
    staleWhileRevalidate: requireDuration(name, "staleWhileRevalidate", staleWhileRevalidate),
    staleIfError: requireDuration(name, "staleIfError", staleIfError),
  };
  requireNumber(name, "max", max, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
  if (store !== undefined) {
    requireMethods(name, "store", store, "a store", ["get", "set", "delete"]);
    // It would bound nothing: a store has limits of its own.
    if (read.max !== undefined) throw new TypeError(`${name}: max must not go with a store; received ${show(max)}`);
  }
  if (cacheIf !== undefined) requireFunction(name, "cacheIf", cacheIf);
  const clock = requireClock(name, read.clock);
  const label = requireLabel(name, read.label);
  const entries = new Entries(windows, store ?? new Recent<CacheEntry<Res>>(max), clock, cacheIf);
  const counts: CacheCounts = {
    name,
    label,
    inFlight: 0,
    joined: 0,
    hits: 0,
    stale: 0,
    misses: 0,
    refreshes: 0,
    failedRefreshes: 0,
  };
  const layer = layerFn<any>(
    name,
    (inner) => {
      const flights: Flights = new Flights(
        keeping(stackOf(inner), keyOf, entries, (key) => flights.detach(key)),
        keyOf,
        clock,
        counts,
      );
      return stackService(new Cached(flights, keyOf, entries, counts));
    },
    counts,
    { label, traits: ["answers"], facts: windows },
  );
  return {
    ...(layer as Layer<Caches<Req, Res>>),
    get hits() {
      return counts.hits;
    },
    get stale() {
      return counts.stale;
    },
    get misses() {
      return counts.misses;
    },
    get refreshes() {
      return counts.refreshes;
    },
    get failedRefreshes() {
      return counts.failedRefreshes;
    },
    get inFlight() {
      return counts.inFlight;
    },
    get joined() {
      return counts.joined;
    },
    delete(key) {
      entries.delete(key);
    },
    clear() {
      entries.clear();
    },
  };
}

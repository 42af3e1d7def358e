export { load } from "../peers/peers.ts";

/** The work that is limited, timed and retried. It may also throw synchronously. */
export type Work = (context: { readonly signal?: AbortSignal | undefined }) => Promise<unknown>;

/** One call. Libraries that take no signal from a caller ignore it; `signals` says which do. */
export type Call = (work: Work, signal?: AbortSignal) => Promise<unknown>;

/** A limit with its counters. */
interface Counted {
  readonly call: Call;
  readonly active: () => number;
  readonly waiting: () => number;
}

/** A limit that can be changed. */
interface Resizable {
  readonly call: Call;
  readonly resize: (max: number) => void;
}

/** Capacity that is reserved before it is used. */
interface Reserving {
  readonly call: Call;
  /** A function that releases it; undefined where there is no capacity. */
  readonly reserve: () => (() => void) | undefined;
}

/** A line with priorities. */
interface Prioritized {
  readonly call: (work: Work, urgent: boolean) => Promise<unknown>;
}

/** When a breaker opens, and when it probes. */
interface BreakerOptions {
  readonly failures: number;
  readonly reset: number;
}

/** Answers that are kept for `ttl` milliseconds, `max` of them at most; with 0 only concurrent callers share one. */
export interface CacheOptions {
  readonly ttl: number;
  readonly max: number;
}
export type CachedCall = (key: string, work: Work, signal?: AbortSignal) => Promise<unknown>;

/** A rate for each key: a promise of a start, rejected where the key has used its quota. */
type KeyedRate = (key: string) => Promise<unknown>;

/** How often and when to retry. */
export interface RetryOptions {
  readonly retries: number;
  readonly base: number;
  readonly max: number;
}

/**
 * How users of a library write each of these, by its documentation. A missing member is a feature that the library does not offer. The
 * members load the library when they are called, so that the list of features does not need it.
 */
export interface Library {
  readonly name: string;
  /** Its options, where there was a choice. */
  readonly settings: string;
  /** Whether all these functions take a caller's signal. */
  readonly signals: boolean;
  /** A limit; the other callers wait. */
  readonly limit?: (max: number) => Promise<Call>;
  /** A limit; the other callers are refused. */
  readonly refusing?: (max: number) => Promise<Call>;
  /** A limit with a bounded line; the other callers are refused. */
  readonly bounded?: (max: number, queue: number) => Promise<Call>;
  readonly counted?: (max: number) => Promise<Counted>;
  readonly resizable?: (max: number) => Promise<Resizable>;
  readonly reserving?: (max: number) => Promise<Reserving>;
  readonly prioritized?: (max: number) => Promise<Prioritized>;
  readonly timeout?: (ms: number) => Promise<Call>;
  readonly timeoutAroundLimit?: (ms: number, max: number) => Promise<Call>;
  readonly timeoutInLimit?: (ms: number, max: number) => Promise<Call>;
  readonly retry?: (options: RetryOptions) => Promise<Call>;
  /** Retries with a budget. */
  readonly retryWithBudget?: (options: RetryOptions) => Promise<Call>;
  /** Retries with a deadline, in milliseconds from the call. */
  readonly retryWithin?: (options: RetryOptions, ms: number) => Promise<Call>;
  /** A number of starts in an interval; the other callers wait or are refused. */
  readonly rate?: (limit: number, interval: number) => Promise<Call>;
  readonly breaker?: (options: BreakerOptions) => Promise<Call>;
  readonly cached?: (options: CacheOptions) => Promise<CachedCall>;
  /** The same, with a caller's signal. */
  readonly cachedForLeavers?: (options: CacheOptions) => Promise<CachedCall>;
  readonly keyedRate?: (limit: number, interval: number) => Promise<KeyedRate>;
  /** A second attempt where the first has taken `delay` milliseconds; the first success counts. */
  readonly hedged?: (delay: number) => Promise<Call>;
}

/** The features of a library. */
export type Offer = Exclude<keyof Library, "name" | "settings">;

/** The first feature of a library, with room, for questions about all features. Undefined where it takes no work. */
export function simplest(library: Library): Promise<Call | undefined> {
  const cached = library.cached?.({ ttl: 0, max: 10 });
  return (
    library.limit?.(1) ??
    library.refusing?.(1) ??
    library.retry?.({ retries: 0, base: 1, max: 1 }) ??
    library.timeout?.(200) ??
    cached?.then(
      (call): Call =>
        (work, signal) =>
          call("the only", work, signal),
    ) ??
    Promise.resolve(undefined)
  );
}

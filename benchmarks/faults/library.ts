export { load } from "../peers/peers.ts";

/** What is limited, timed and tried again. It may also throw, as careless work does. */
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
  /** What gives it back; undefined where there is none. */
  readonly reserve: () => (() => void) | undefined;
}

/** A line in which some go before others. */
interface Prioritized {
  readonly call: (work: Work, urgent: boolean) => Promise<unknown>;
}

/** When a breaker opens, and when it tries again. */
interface BreakerOptions {
  readonly failures: number;
  readonly reset: number;
}

/** Answers that are kept for `ttl` milliseconds, `max` of them at most; with 0 only those who ask at the same time share one. */
export interface CacheOptions {
  readonly ttl: number;
  readonly max: number;
}
export type CachedCall = (key: string, work: Work, signal?: AbortSignal) => Promise<unknown>;

/** A rate for each key: a promise of a start, rejected where the key has used up its own. */
type KeyedRate = (key: string) => Promise<unknown>;

/** How often and when to try again. */
export interface RetryOptions {
  readonly retries: number;
  readonly base: number;
  readonly max: number;
}

/**
 * How the users of a library write each of these, by its documentation. What a library does not offer is not there. All
 * load the library when they are called, so that what is offered can be asked without it.
 */
export interface Library {
  readonly name: string;
  /** What it was given, where there was a choice. */
  readonly settings: string;
  /** Whether a caller can give a signal to all that follows. */
  readonly signals: boolean;
  /** At most so many at once, the others wait. */
  readonly limit?: (max: number) => Promise<Call>;
  /** At most so many at once, the others are refused. */
  readonly refusing?: (max: number) => Promise<Call>;
  /** At most so many at once and so many in line, the others are refused. */
  readonly bounded?: (max: number, queue: number) => Promise<Call>;
  readonly counted?: (max: number) => Promise<Counted>;
  readonly resizable?: (max: number) => Promise<Resizable>;
  readonly reserving?: (max: number) => Promise<Reserving>;
  readonly prioritized?: (max: number) => Promise<Prioritized>;
  readonly timeout?: (ms: number) => Promise<Call>;
  readonly timeoutAroundLimit?: (ms: number, max: number) => Promise<Call>;
  readonly timeoutInLimit?: (ms: number, max: number) => Promise<Call>;
  readonly retry?: (options: RetryOptions) => Promise<Call>;
  /** Retries that are no more than a part of the requests. */
  readonly retryWithBudget?: (options: RetryOptions) => Promise<Call>;
  /** Retries that know when the answer is of no use any more, in milliseconds from the call. */
  readonly retryWithin?: (options: RetryOptions, ms: number) => Promise<Call>;
  /** So many starts in an interval, the others wait or are refused. */
  readonly rate?: (limit: number, interval: number) => Promise<Call>;
  readonly breaker?: (options: BreakerOptions) => Promise<Call>;
  readonly cached?: (options: CacheOptions) => Promise<CachedCall>;
  /** The same, where a caller may give up. */
  readonly cachedForLeavers?: (options: CacheOptions) => Promise<CachedCall>;
  readonly keyedRate?: (limit: number, interval: number) => Promise<KeyedRate>;
  /** A second attempt where the first has taken `delay` milliseconds; the first success counts. */
  readonly hedged?: (delay: number) => Promise<Call>;
}

/** What a library may offer. */
export type Offer = Exclude<keyof Library, "name" | "settings">;

/** The first of what a library offers, with room: for what all of them have to stand. Undefined where it takes no work. */
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

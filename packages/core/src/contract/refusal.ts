/**
 * Why a layer refuses, so that an edge can choose its status by it: `"rate"` is a 429, the others are a 503. Ours:
 *
 * - `"capacity"`: as many calls as it lets in are running, reserved or waiting;
 * - `"rate"`: as many calls as it lets start in a span of time have started;
 * - `"closed"`: it takes no more work;
 * - `"priority"`: it admitted a more important request;
 * - `"circuit"`: what is behind it fails;
 * - `"connection"`: it has no connection to what is behind it;
 * - `"endpoints"`: it has no endpoint that it may use.
 *
 * A layer of anyone's own may give another.
 */
export type RefusalReason =
  | "capacity"
  | "rate"
  | "closed"
  | "priority"
  | "circuit"
  | "connection"
  | "endpoints"
  | (string & {});

/** What a layer says of a refusal. */
export interface RefusalOptions {
  /** In how many milliseconds another attempt may succeed; undefined where that is unknown. */
  readonly retryAfter?: number | undefined;
  /** Why; default `"capacity"`. */
  readonly reason?: RefusalReason | undefined;
  /** The layer's `label`, which tells two layers of one name apart; default none. */
  readonly label?: string | undefined;
}

/** Who refused, why, and for how long. */
export interface Refusal {
  /** The name of the layer that refused, such as `"concurrencyLimit"`. */
  readonly layer: string;
  /** The label of that layer, where it has one. */
  readonly label: string | undefined;
  /** Why it refused. */
  readonly reason: RefusalReason;
  /** In how many milliseconds another attempt may succeed, where that is known. */
  readonly retryAfter: number | undefined;
}

/** An error that says that nothing was tried: see `isRefusal`. */
export interface RefusalError extends Error {
  /** The name of the layer that refused. */
  readonly layer?: string | undefined;
  /** The label of that layer, where it has one. */
  readonly label?: string | undefined;
  /** Why it refused. */
  readonly reason?: RefusalReason | undefined;
  /** In how many milliseconds another attempt may succeed, where that is known. */
  readonly retryAfter?: number | undefined;
}

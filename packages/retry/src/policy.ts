import type { Outcome } from "@sluice/core";

/** An attempt that has ended, as a policy sees it. */
export interface Attempt<out Req = unknown, out Res = unknown, out State = unknown> {
  /** 1 for the first attempt. */
  readonly number: number;
  /** What may be sent again: the copy, where the policy makes one. */
  readonly request: Req;
  /** How it ended. */
  readonly outcome: Outcome<Res>;
  /** The state of this request: what `start` answered with, or the last decision. */
  readonly state: State;
  /** Milliseconds since the request began, backoffs included. */
  readonly elapsed: number;
  /** Milliseconds until the caller's deadline; undefined without one. */
  readonly remaining: number | undefined;
  /** The label of the layer that asks; undefined where it has none. A policy may serve several. */
  readonly label: string | undefined;
}

/** To try again. */
export interface RetryDecision<out Req = unknown, out State = unknown> {
  /** How long to wait before: milliseconds, 0 to 2^31-1. */
  readonly delay: number;
  /** What to send then; default: the attempt's `request`. */
  readonly request?: Req | undefined;
  /** The state of this request from now on; default: as it was. */
  readonly state?: State | undefined;
}

/**
 * Whether to try again, when, and with what. One policy serves many requests: what belongs to a single one is its state.
 * What a method throws is the failure of the request.
 *
 * `Sent` is what it sends of its own making: copies and rewritten requests. `never` for a policy that only sends again what
 * it was given.
 */
export interface RetryPolicy<
  in Req = unknown,
  in Res = unknown,
  State = unknown,
  out Sent = unknown extends Req ? never : Req,
> {
  /**
   * A copy to send again, made before each attempt: for requests that the first attempt uses up. With undefined the request is
   * not retried, and the policy not asked. Without this method the request itself is sent again.
   */
  cloneRequest?(request: Req): Sent | undefined;
  /** Called once for each request that may be retried, before its first attempt. Default: a state of undefined. */
  start?(request: Req): State;
  /**
   * Asked when an attempt has ended, whether well or not, unless the caller gave up. Undefined: its outcome is the answer. It
   * answers at once; a promise is refused.
   */
  decide(attempt: Attempt<Req, Res, State>): RetryDecision<Sent, State> | undefined;
  /** False where `decide` does not look at `elapsed`: then no clock is read for it, and it is 0. Default true. */
  readonly timed?: boolean | undefined;
  /** Whether retries are bounded by a budget: for tools that judge a stack. Default: not known. */
  readonly budgeted?: boolean | undefined;
  /** True where `decide` has no use for responses: then it is asked about failures only. Default false. */
  readonly onlyFailures?: boolean | undefined;
}

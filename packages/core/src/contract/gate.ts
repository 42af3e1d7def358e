import type { ReadyOptions } from "./service.ts";

/** How a call ended. */
export type Outcome = PromiseSettledResult<unknown>;

/** What a gate gives to those it lets in. Exactly one of `cancel` and `finish` is told, once. None may throw. */
export interface Lease {
  /** Never used. */
  cancel(): void;
  /** Spent: the call begins. */
  start?(): void;
  /** The caller has its answer; the work may go on. */
  answered?(outcome: Outcome): void;
  /** The work has settled, and whatever was handed up with `waitUntil`. `outcome` is the answer's. */
  finish(outcome: Outcome): void;
}

/** Somebody who must let you in, and wants to know when you left. The policy, and nothing else: {@link gate} does the rest. */
export interface Gate<in Req, out Err = never> {
  /**
   * In, now or not at all. May throw: "no, and do not wait" (an open circuit). A `call` that has to wait further in asks
   * twice in one turn: its first lease is cancelled, and it waits with the second.
   */
  tryAcquire(request?: Req): Lease | undefined;
  /** In, in turn. Rejects with `signal.reason` when the signal aborts. */
  acquire(options?: ReadyOptions<Req>): Promise<Lease>;
  /** In how many milliseconds somebody who is refused now may ask again, where that is known. */
  retryAfter?(request?: Req): number | undefined;
  /** Carries `Err` in the types; never there at run time. */
  readonly "~failure"?: (() => Err) | undefined;
  /**
   * @internal Whether its leases have no use for `answered` and `finish` once they were told of `start`: it counts starts,
   * and then nobody needs to watch how the call ends.
   */
  readonly "~counts"?: "starts";
}

/** Options of {@link gate}. */
export interface GateOptions {
  /** The name of the layer, for `describe()` and for refusals. */
  readonly name: string;
  /** Keeps the lease past the response, until the promise settles: a streamed body. Default: not past it. */
  readonly until?: ((response: any) => PromiseLike<unknown> | undefined) | undefined;
}

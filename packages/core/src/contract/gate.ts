import type { RefusalReason } from "./refusal.ts";
import type { About } from "./about.ts";
import type { CallOptions, ReadyOptions } from "./service.ts";

/** How a call ended: a `PromiseSettledResult` in which nobody says what a reason is. */
export type Outcome<Res = unknown> =
  | { readonly status: "fulfilled"; readonly value: Res }
  | { readonly status: "rejected"; readonly reason: unknown };

/** One admitted call. Exactly one of `cancel` and `finish` is called, once. What they and `answered` throw is reported, and changes nothing. */
export interface Lease<in Req = any> {
  /**
   * How long this one is held, where the leases of a gate differ: those of a gate made of gates. As `holds` of a gate, read when the call
   * begins, and only where the gate holds until the work has settled. Default: as the gate says.
   */
  readonly holds?: "work" | "answer" | "start" | undefined;
  /** It is never used. */
  cancel(): void;
  /**
   * It is spent on `request`, and the call begins. What it throws refuses the call at the last moment: the lease is then
   * cancelled, all that is held further inside and outside is released, and the call rejects with it. `request` may be another
   * one than was reserved for (promise 10); `options.signal` tells, when the answer comes, a caller's abort from a failure.
   */
  start?(request: Req, options: CallOptions): void;
  /** The caller has its answer; the work may go on. */
  answered?(outcome: Outcome): void;
  /** The work has settled, and so has all that was registered with `waitUntil`. `outcome` is the answer's. */
  finish(outcome: Outcome): void;
}

/** An admission policy, and nothing else: it decides whether a call may proceed, and is notified when the call ends. `gate` does the rest. */
export interface Gate<in Req, out Err = never> {
  /**
   * A lease, now or not at all. May throw: "no, and do not wait" (an open circuit). It never waits.
   *
   * A `call` that has to wait for an inner layer asks twice in one turn: the first lease is cancelled, and the call waits with the
   * second. So `cancel` must undo everything that this decides: do not draw a random number or count demand here.
   */
  tryAcquire(request?: Req): Lease<Req> | undefined;
  /**
   * A lease, in turn. Rejects with `signal.reason` when the signal aborts. Return the promise of the line itself: a promise
   * that wraps it comes a microtask later, in which a newcomer overtakes. A gate made of a gate has {@link admitted} for that.
   */
  acquire(options?: ReadyOptions<Req>): Promise<Lease<Req>>;
  /** In how many milliseconds a caller that is refused now may try again; undefined where that is not known. */
  retryAfter?(request?: Req): number | undefined;
  /**
   * What is held in the place of `lease`, which this gate has just granted by `tryAcquire` or `acquire`: for a gate made of a gate,
   * which hands on what the inner gate grants. Called once for each lease, in the turn of the grant; a gate over gates calls the
   * inner one's first. What it throws is a failure of readiness, and `lease` is cancelled. Default: the lease itself.
   */
  admitted?(lease: Lease<Req>, request?: Req): Lease<Req>;
  /**
   * How long a lease is held: `"work"` (default) until the call and all that was registered with `waitUntil` have settled,
   * `"answer"` until the caller has its answer, `"start"` until the call begins. A gate that holds no capacity for running work
   * says one of the latter, and costs less: with `"answer"`, `answered` and `finish` come together; with `"start"`, neither is
   * called after `start`.
   */
  readonly holds?: "work" | "answer" | "start" | undefined;
  /** Whether it may be forgotten: no lease is held, no caller waits, and a new gate in its place would do the same. */
  readonly idle?: boolean | undefined;
  /** Why it refuses when `tryAcquire` returns undefined; default `"capacity"`. */
  readonly reason?: RefusalReason | undefined;
  /** Carries `Err` in the types; never there at run time. */
  readonly "~failure"?: (() => Err) | undefined;
}

/**
 * The type of the option `until`. A gate does not know the type of the responses, so annotate it:
 * `(response: Response) => …`. Without an annotation a response is `unknown`.
 */
export type Until = {
  // A method takes a function of any response; a function type would take those of `unknown` only.
  until(response: unknown): PromiseLike<unknown> | undefined;
}["until"];

/** Options of `gate`. `label`, `traits` and `facts` are what the layer says of itself. */
export interface GateOptions extends About {
  /** The name of the layer, for `describe()` and for refusals: that of the function that makes it. */
  readonly name: string;
  /**
   * Keeps the lease past the response, until the promise settles: a streamed body. Undefined holds nothing. Default: not past
   * it. Only for gates that hold until the work has settled.
   */
  readonly until?: Until | undefined;
}

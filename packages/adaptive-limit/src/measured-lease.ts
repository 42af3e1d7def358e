import type { CallOptions, Lease, Outcome } from "@sluice/core";
import type { Classification } from "./classify.ts";

/** Who measures calls. */
export interface Measures<in Req> {
  /** The time, in milliseconds. */
  now(): number;
  /** A call starts; returns how many are in flight with it. */
  enter(): number;
  /** A call that has started ends, or is refused by an inner layer. */
  leave(): void;
  /** What a call that has its answer says. */
  verdictOn(outcome: Outcome, call: MeasuredCall<Req>): Classification;
  /** A call that counts has ended. */
  learn(since: number, inflight: number, dropped: boolean): void;
}

/** A call that has started. */
export interface MeasuredCall<out Req> {
  readonly request: Req | undefined;
  readonly signal: AbortSignal | undefined;
  readonly since: number;
}

/** A permit, and what is measured of its call. */
export class MeasuredLease<Req> implements Lease<Req>, MeasuredCall<Req> {
  private readonly limit: Measures<Req>;
  private readonly lease: Lease;
  request: Req | undefined = undefined;
  signal: AbortSignal | undefined = undefined;
  since = 0;
  /** How many calls were in flight when this one started; 0 before. */
  private inflight = 0;
  private verdict: Classification | undefined = undefined;

  constructor(limit: Measures<Req>, lease: Lease) {
    this.limit = limit;
    this.lease = lease;
  }

  start(request: Req, { signal }: CallOptions): void {
    this.request = request;
    this.signal = signal;
    this.since = this.limit.now();
    this.inflight = this.limit.enter();
  }

  cancel(): void {
    // A gate around this one has refused it at the last moment.
    if (this.inflight > 0) this.limit.leave();
    this.lease.cancel();
  }

  answered(outcome: Outcome): void {
    const { limit, since, inflight } = this;
    this.verdict = limit.verdictOn(outcome, this);
    // The work of a call that timed out may go on for as long as it likes: the limit must not wait for it.
    if (this.verdict === "dropped") limit.learn(since, inflight, true);
  }

  finish(outcome: Outcome): void {
    const { limit, since, inflight } = this;
    limit.leave();
    // First, so that a limit that goes down admits no call with this slot.
    if (this.verdict === "success") limit.learn(since, inflight, false);
    this.lease.finish(outcome);
  }
}

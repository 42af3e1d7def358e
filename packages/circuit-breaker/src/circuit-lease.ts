import type { CallOptions, Lease, Outcome } from "@sluice/core";
import { CircuitCall } from "./circuit.ts";

/** Whoever has let a call in, and wants to know what becomes of it. Exactly one of `cancelled` and `ended` is called, once. */
export interface LeaseHolder<Req> {
  cancelled(lease: CircuitLease<Req>): void;
  started(lease: CircuitLease<Req>, request: Req, options: CallOptions): void;
  ended(lease: CircuitLease<Req>, outcome: Outcome): void;
}

/** A call that a breaker has let in. */
export class CircuitLease<Req> extends CircuitCall implements Lease<Req> {
  /** What it is spent on, where somebody wants to know. */
  request: unknown = undefined;
  /** The caller's. */
  signal: AbortSignal | undefined = undefined;
  private readonly holder: LeaseHolder<Req>;
  private held = true;

  constructor(holder: LeaseHolder<Req>) {
    super();
    this.holder = holder;
  }

  cancel(): void {
    if (!this.held) return;
    this.held = false;
    this.holder.cancelled(this);
  }

  start(request: Req, options: CallOptions): void {
    this.holder.started(this, request, options);
  }

  answered(outcome: Outcome): void {
    this.finish(outcome);
  }

  finish(outcome: Outcome): void {
    if (!this.held) return;
    this.held = false;
    this.holder.ended(this, outcome);
  }
}

import type { Lease } from "@sluice/core";
import { LinkedNode } from "@sluice/core/kit";
import type { Token } from "./stock.ts";

/** Whoever has given a lease, and wants to know what becomes of it. Exactly one of the two is called, once. */
export interface LeaseHolder {
  started(lease: RateLease): void;
  cancelled(lease: RateLease): void;
}

/** A permit for one start. */
export class RateLease extends LinkedNode<RateLease> implements Lease {
  /** What it was granted by; undefined where it was granted while the store was down. */
  readonly token: Token | undefined;
  /** Without a token: by which outage. */
  readonly outage: number;
  /** When it was granted. */
  readonly since: number;
  private readonly holder: LeaseHolder;

  constructor(holder: LeaseHolder, token: Token | undefined, outage: number, since: number) {
    super();
    this.holder = holder;
    this.token = token;
    this.outage = outage;
    this.since = since;
  }

  cancel(): void {
    this.holder.cancelled(this);
  }

  start(): void {
    this.holder.started(this);
  }

  finish(): void {
    // A call that has finished has started, also where `start` was not called.
    this.holder.started(this);
  }
}

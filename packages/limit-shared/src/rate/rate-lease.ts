import type { Lease } from "@sluice/core";
import { LinkedNode } from "@sluice/core/kit";
import type { Token } from "./stock.ts";

/** The gate that granted a lease. It ignores all calls for a lease but the first. */
export interface LeaseHolder {
  started(lease: RateLease): void;
  cancelled(lease: RateLease): void;
}

/** A permit for one start. */
export class RateLease extends LinkedNode<RateLease> implements Lease {
  /** The token that it was granted for; undefined where it was granted without one, while the store was down. */
  readonly token: Token | undefined;
  /** Without a token: the number of the outage in which it was granted. */
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
    // Counts the start where `start` was not called.
    this.holder.started(this);
  }
}

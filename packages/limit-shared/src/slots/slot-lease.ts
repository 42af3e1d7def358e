import type { Lease, Outcome } from "@sluice/core";

/** Whoever has given a slot, and wants to know what becomes of it. */
export interface SlotHolder {
  /** The call begins; throws where it may not. Returns the time. */
  started(): number;
  /** The slot is given back, and is to be released in the turn. */
  left(lease: SlotLease): void;
}

/** A slot of a shared limit, around one of the member's own semaphore. */
export class SlotLease implements Lease {
  /** When the call began; undefined where it did not. */
  since: number | undefined = undefined;
  private readonly holder: SlotHolder;
  private readonly inner: Lease;
  private outcome: Outcome | undefined = undefined;
  private held = true;

  constructor(holder: SlotHolder, inner: Lease) {
    this.holder = holder;
    this.inner = inner;
  }

  start(): void {
    this.since = this.holder.started();
  }

  cancel(): void {
    if (!this.held) return;
    this.held = false;
    this.holder.left(this);
  }

  finish(outcome: Outcome): void {
    if (!this.held) return;
    this.held = false;
    this.outcome = outcome;
    this.holder.left(this);
  }

  /** Gives the member's own slot back. */
  release(): void {
    if (this.outcome === undefined) this.inner.cancel();
    else this.inner.finish(this.outcome);
  }
}

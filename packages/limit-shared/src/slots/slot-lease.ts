import type { Lease, Outcome } from "@sluice/core";

/** Whoever has given a slot, and wants to know what becomes of it. */
export interface SlotHolder {
  /** The call begins; throws where it may not. Returns the time. */
  started(): number;
  /** The slot is given back. `since` is when the call began; undefined where it did not. Calls `release` in the turn. */
  left(release: () => void, since: number | undefined): void;
}

/** A slot of a shared limit, around one of the member's own semaphore. */
export class SlotLease implements Lease {
  private readonly holder: SlotHolder;
  private readonly inner: Lease;
  private since: number | undefined = undefined;
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
    this.holder.left(() => {
      this.inner.cancel();
    }, undefined);
  }

  finish(outcome: Outcome): void {
    if (!this.held) return;
    this.held = false;
    this.holder.left(() => {
      this.inner.finish(outcome);
    }, this.since);
  }
}

import type { Lease } from "@sluice/core";
import { LinkedNode } from "@sluice/core/kit";

/** Whoever has given a slot, and wants to know what becomes of it. */
export interface SlotHolder {
  /** The call begins; throws where it may not. Returns the time. */
  started(): number;
  /** The slot is given back. Called more than once where a lease ends more than once. */
  left(lease: SlotLease): void;
}

/** A slot of a shared limit. */
export class SlotLease extends LinkedNode<SlotLease> implements Lease {
  /** When it was granted. */
  readonly granted: number;
  /** When the call began; undefined where it did not. */
  since: number | undefined = undefined;
  private readonly holder: SlotHolder;

  constructor(holder: SlotHolder, granted: number) {
    super();
    this.holder = holder;
    this.granted = granted;
  }

  start(): void {
    this.since = this.holder.started();
  }

  cancel(): void {
    this.holder.left(this);
  }

  finish(): void {
    this.holder.left(this);
  }
}

import type { Lease } from "@sluice/core";
import { LinkedNode } from "@sluice/core/kit";

/** The gate that granted a slot. */
export interface SlotHolder {
  /** The call begins. Returns the time; throws where the call may not begin. */
  started(): number;
  /** The slot is released. Ignores all calls for a lease but the first. */
  left(lease: SlotLease): void;
}

/** A slot of a shared limit. */
export class SlotLease extends LinkedNode<SlotLease> implements Lease {
  /** When it was granted. */
  readonly granted: number;
  /** When the call began; undefined before that. */
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

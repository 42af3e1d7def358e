import { events, type Gate, type Lease, type LayerEvent, type ReadyOptions } from "@sluice/core";
import { Line } from "@sluice/core/kit";
import { BufferClosedError } from "./buffer-closed-error.ts";

/** What a buffer must know of the queue in front of one service. */
export interface SlotQueue {
  /** How many requests wait in it. */
  readonly size: number;
  /** Since when the first of them has waited, in the clock's milliseconds. There is one. */
  readonly since: number;
  /** Fails all that wait. */
  close(): void;
}

/**
 * The slots of a buffer, for all the services that it wraps: a gate that lets in as many as may wait, in front of a queue
 * for each service. A lease holds a slot until the queue frees it, and counts as accepted until the call has settled.
 */
export class Slots implements Gate<unknown, BufferClosedError> {
  readonly reason = "capacity";
  readonly capacity: number;
  /** The layer's label. */
  readonly label: string | undefined;
  /** The queues in which requests wait: a queue without any is not here, so that services come and go. */
  readonly queues: Set<SlotQueue> = new Set();
  /** Whether permits in hand are refused too. */
  closed = false;
  /** Slots held: by permits in hand, and by requests in a queue. */
  active = 0;
  /** Permits in hand, requests in a queue, and calls that run. */
  private accepted = 0;
  /** Whether new work is taken. */
  private open = true;
  private drained: Promise<void> | undefined;
  private allSettled: (() => void) | undefined;
  private readonly line: Line<Lease> = new Line(() => {
    this.serve();
  });
  /** All leases: one is as good as another. */
  private readonly lease: Lease = {
    cancel: () => {
      this.free();
      this.settled();
    },
    finish: () => {
      this.settled();
    },
  };

  constructor(capacity: number, label: string | undefined) {
    this.capacity = capacity;
    this.label = label;
  }

  get available(): number {
    return this.capacity - this.active;
  }

  /** Callers in line for a slot. */
  get waiting(): number {
    return this.line.size;
  }

  /** Requests in a queue. */
  get queued(): number {
    let queued = 0;
    for (const { size } of this.queues) queued += size;
    return queued;
  }

  /** Calls that have left their queue and have not settled. */
  get running(): number {
    return this.accepted - this.active;
  }

  /** For how long the request that waits longest in a queue has waited. */
  oldestQueued(now: number): number {
    let earliest = now;
    for (const { since } of this.queues) earliest = Math.min(earliest, since);
    return now - earliest;
  }

  /** The error of callers that are turned away for good. */
  closedError(): BufferClosedError {
    return new BufferClosedError(this.label);
  }

  close(): void {
    const isFirst = !this.closed;
    this.closed = true;
    // Not before it is closed: whoever hears of it may close it, too.
    if (isFirst) this.announce("closed");
    this.turnAway();
    for (const queue of this.queues) queue.close();
    this.look();
  }

  drain(): Promise<void> {
    if (this.drained === undefined) {
      this.drained = new Promise((resolve) => {
        this.allSettled = resolve;
      });
      this.announce("draining");
    }
    this.turnAway();
    this.look();
    return this.drained;
  }

  /**
   * A slot, when one is free and no caller is in line for it.
   *
   * @throws BufferClosedError when no more work is taken
   */
  tryAcquire(): Lease | undefined {
    if (!this.open) throw this.closedError();
    return this.line.blocks() || this.available === 0 ? undefined : this.take();
  }

  /** A slot, in turn. */
  acquire(options: ReadyOptions): Promise<Lease> {
    return this.line.join(options);
  }

  /** Frees a slot. Its call stays accepted until its lease ends. */
  free(): void {
    this.active--;
    this.serve();
  }

  private take(): Lease {
    this.active++;
    this.accepted++;
    return this.lease;
  }

  private serve(): void {
    while (this.line.size > 0 && this.available > 0) this.line.grant(this.take());
  }

  private turnAway(): void {
    this.open = false;
    while (this.line.size > 0) this.line.refuse(this.closedError());
  }

  private settled(): void {
    this.accepted--;
    this.look();
  }

  /** After `close()` unspent permits can only fail, so draining does not wait for them. */
  private look(): void {
    if (this.running > 0 || (this.active > 0 && !this.closed) || this.allSettled === undefined) return;
    this.allSettled();
    this.allSettled = undefined;
    this.announce("drained");
  }

  private announce(type: LayerEvent["type"]): void {
    if (events.listening) {
      events.emit({ type, layer: "buffer", label: this.label, source: this, waiting: this.queued + this.waiting });
    }
  }
}

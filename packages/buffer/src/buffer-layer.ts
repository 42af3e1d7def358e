import {
  type Adds,
  type Clock,
  type Gate,
  gate,
  type Layer,
  layerFn,
  type Lease,
  type ReadyOptions,
  serviceFn,
} from "@sluice/core";
import { stackOf } from "@sluice/core/internal";
import { Line } from "@sluice/core/kit";
import { BufferClosedError } from "./buffer-closed-error.ts";
import { Queue } from "./queue.ts";

export const name = "buffer";

/** A layer with a bounded queue. One value is one number of slots, for all the services that it wraps. */
export interface BufferLayer extends Layer<Adds<BufferClosedError>> {
  /** How many slots there are. */
  readonly capacity: number;
  /** Slots free. The others are held by permits in hand and by requests that wait. */
  readonly available: number;
  /** Requests that wait for the inner service. */
  readonly waiting: number;
  /** Callers in line for a slot. */
  readonly waitingForSlot: number;
  /** Calls that have left the queue and have not settled, work that was handed up with `waitUntil` included. */
  readonly active: number;
  /** For how many milliseconds the request that waits longest has waited; 0 when none waits. */
  readonly oldest: number;
  /**
   * The end, now: callers in line for a slot, requests that wait, permits in hand when they are called, and all who come
   * later fail with `BufferClosedError`. What the inner service has taken goes on. The second time it does nothing.
   */
  close(): void;
  /**
   * The end, in good order: callers in line for a slot, and all who come later, fail with `BufferClosedError`; permits in
   * hand may still be called, and what waits is finished. The promise is kept when all that was accepted has settled:
   * permits in hand (called or given back), requests, and work that they handed up with `waitUntil`. It never rejects,
   * and it is the same one each time. A `close` after it cuts it short.
   */
  drain(): Promise<void>;
}

/**
 * The slots of a buffer, for all the services that it wraps: a gate that lets in as many as may wait, in front of a queue
 * for each service. Somebody let in holds a slot until the queue frees it, and is accounted for until the call has settled.
 */
export class Slots implements BufferLayer, Gate<unknown, BufferClosedError> {
  readonly name: string = name;
  /** The builder refuses it twice in one stack, where a request would wait for the slot it holds. */
  readonly state: this = this;
  readonly wrap: Layer<Adds<BufferClosedError>>["wrap"];
  readonly capacity: number;
  readonly clock: Clock;
  /** Only those in which somebody waits, so that services come and go and leave nothing behind here. */
  readonly queues: Set<Queue> = new Set();
  /** Whether permits in hand are refused too. */
  closed = false;
  /** Slots held: by permits in hand, and by requests in a queue. */
  private taken = 0;
  /** Permits in hand, requests in a queue, and calls that run. */
  private accepted = 0;
  /** Whether new work is taken. */
  private open = true;
  private drained: Promise<void> | undefined;
  private allSettled: (() => void) | undefined;
  private readonly line: Line<Lease> = new Line(() => {
    this.serve();
  });
  /** One is as good as another. */
  private readonly lease: Lease = {
    cancel: () => {
      this.free();
      this.settled();
    },
    finish: () => {
      this.settled();
    },
  };

  constructor(capacity: number, clock: Clock) {
    this.capacity = capacity;
    this.clock = clock;
    const slots = gate(this, { name });
    // oxlint-disable-next-line typescript/unbound-method -- layers are made of functions that need no `this`
    this.wrap = layerFn<Adds<BufferClosedError>>(
      name,
      (inner) => {
        const queue = new Queue(stackOf(inner), this);
        // Always ready, for those whom the slots let in.
        return slots.wrap(serviceFn((request, options) => queue.call(request, options)));
      },
      this,
    ).wrap;
  }

  get available(): number {
    return this.capacity - this.taken;
  }

  get waiting(): number {
    let waiting = 0;
    for (const { entries } of this.queues) waiting += entries.size;
    return waiting;
  }

  get waitingForSlot(): number {
    return this.line.size;
  }

  get active(): number {
    return this.accepted - this.taken;
  }

  get oldest(): number {
    const now = this.clock.now();
    let since = now;
    // Somebody waits in each of them.
    for (const { entries } of this.queues) since = Math.min(since, entries.first!.since);
    return now - since;
  }

  close(): void {
    this.closed = true;
    this.turnAway();
    for (const queue of this.queues) queue.close();
    this.look();
  }

  drain(): Promise<void> {
    this.drained ??= new Promise((resolve) => {
      this.allSettled = resolve;
    });
    this.turnAway();
    this.look();
    return this.drained;
  }

  /**
   * A slot, when one is free and nobody is in line for it.
   *
   * @throws BufferClosedError when no more work is taken
   */
  tryAcquire(): Lease | undefined {
    if (!this.open) throw new BufferClosedError();
    return this.line.blocks() || this.available === 0 ? undefined : this.take();
  }

  /** A slot, in turn. It must have been tried before. */
  acquire(options: ReadyOptions): Promise<Lease> {
    return this.line.join(options);
  }

  /** Frees a slot. Whoever held it stays accepted until its lease ends. */
  free(): void {
    this.taken--;
    this.serve();
  }

  private take(): Lease {
    this.taken++;
    this.accepted++;
    return this.lease;
  }

  private serve(): void {
    while (this.line.size > 0 && this.available > 0) this.line.grant(this.take());
  }

  private turnAway(): void {
    this.open = false;
    while (this.line.size > 0) this.line.refuse(new BufferClosedError());
  }

  private settled(): void {
    this.accepted--;
    this.look();
  }

  /** Once closed, a permit in hand can only come to nothing: nobody waits for it. */
  private look(): void {
    if (this.active === 0 && (this.taken === 0 || this.closed)) this.allSettled?.();
  }
}

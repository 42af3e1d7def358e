import { readOptions, requireClock, requireNumber } from "./check.ts";
import type { Clock } from "./clock.ts";
import type { Gate, Lease } from "./gate.ts";
import { Line } from "./line.ts";
import { LinkedList, LinkedNode } from "./linked-list.ts";
import type { ReadyOptions } from "./service.ts";

/** Options of a {@link Semaphore}. */
export interface SemaphoreOptions {
  /** Where `oldest` reads time; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

class SemaphoreLease extends LinkedNode<SemaphoreLease> implements Lease {
  readonly since: number;
  private readonly semaphore: Semaphore;

  constructor(semaphore: Semaphore, since: number) {
    super();
    this.semaphore = semaphore;
    this.since = since;
  }

  cancel(): void {
    this.semaphore.giveBack(this);
  }

  finish(): void {
    this.semaphore.giveBack(this);
  }
}

/**
 * A number of slots: at most `max` are held at once, and those who wait for one are served in order. The gate behind
 * `concurrencyLimit`; share one to put several services under one limit.
 *
 * @example
 * const semaphore = new Semaphore(50);
 * const service = new ServiceBuilder().layer(gate(semaphore, { name: "upstream" })).serviceFn(ask);
 */
export class Semaphore implements Gate<unknown> {
  private limit: number;
  private readonly clock: Clock;
  private readonly holders: LinkedList<SemaphoreLease> = new LinkedList();
  private readonly line: Line<Lease> = new Line(() => {
    this.serve();
  });

  /**
   * @param max how many may hold a slot at once: a whole number of 0 or more, or Infinity
   * @throws TypeError | RangeError when an option is not in its range
   */
  constructor(max: number, options?: SemaphoreOptions) {
    this.limit = requireMax(max);
    this.clock = requireClock("Semaphore", readOptions("Semaphore", options, ["clock"]).clock);
  }

  /** How many may hold a slot at once. Raising it serves those who wait; lowering it takes nothing from those who hold. */
  get max(): number {
    return this.limit;
  }

  set max(max: number) {
    this.limit = requireMax(max);
    this.serve();
  }

  /** Slots held. */
  get active(): number {
    return this.holders.size;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.line.size;
  }

  /** Free slots. */
  get available(): number {
    return Math.max(this.limit - this.holders.size, 0);
  }

  /** For how many milliseconds the longest holder has had its slot; 0 when nobody holds one. */
  get oldest(): number {
    const { first } = this.holders;
    return first === undefined ? 0 : this.clock.now() - first.since;
  }

  /** A slot, when one is free and nobody is in line for it. */
  tryAcquire(): Lease | undefined {
    return this.line.blocked || this.holders.size >= this.limit ? undefined : this.take();
  }

  /** A slot, in turn. Rejects with `signal.reason` when the signal aborts. */
  acquire(options: ReadyOptions<unknown> = {}): Promise<Lease> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const lease = this.tryAcquire();
    return lease === undefined ? this.line.join(options) : Promise.resolve(lease);
  }

  /** @internal what a lease does at its end; the second time nothing */
  giveBack(lease: SemaphoreLease): void {
    if (this.holders.remove(lease) && this.line.size > 0) this.serve();
  }

  private take(): SemaphoreLease {
    const lease = new SemaphoreLease(this, this.clock.now());
    this.holders.push(lease);
    return lease;
  }

  private serve(): void {
    while (this.line.size > 0 && this.holders.size < this.limit) this.line.grant(this.take());
  }
}

function requireMax(max: number): number {
  return requireNumber("Semaphore", "max", max, { min: 0, integer: true, infinity: true });
}

import { abortReason } from "../contract/abort-reason.ts";
import type { Clock } from "../contract/clock.ts";
import type { Gate, Lease } from "../contract/gate.ts";
import type { ReadyOptions } from "../contract/service.ts";
import type { WaitingLine } from "../contract/waiting-line.ts";
import { timeOf } from "../kit/cached-time.ts";
import { readOptions, requireClock, requireNumber } from "../kit/check.ts";
import { Holders } from "../kit/holders.ts";
import { Line } from "../kit/line.ts";
import { requireLine } from "../kit/require-line.ts";

/** Options of a {@link Semaphore}. */
export interface SemaphoreOptions {
  /** Where `oldest` reads time; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /**
   * Makes the line in which callers wait: for an order of its own. `serve` grants leases to those in line while there is room; the
   * line calls it when a newcomer may be served again, and when a waiter has left. Default: first come, first served.
   */
  readonly line?: ((serve: () => void) => WaitingLine<Lease>) | undefined;
}

class SemaphoreLease implements Lease {
  private readonly semaphore: Semaphore;
  private place: number;

  constructor(semaphore: Semaphore, place: number) {
    this.semaphore = semaphore;
    this.place = place;
  }

  cancel(): void {
    this.finish();
  }

  finish(): void {
    const { place } = this;
    // Idempotent.
    if (place < 0) return;
    this.place = -1;
    this.semaphore.leave(place);
  }
}

/**
 * A number of slots: at most `max` are held at once, and waiters are served in order. The gate behind
 * `concurrencyLimit`; share one to put several services under one limit.
 *
 * @example
 * const semaphore = new Semaphore(50);
 * const service = new ServiceBuilder().layer(gate(semaphore, { name: "upstream" })).serviceFn(ask);
 */
export class Semaphore implements Gate<unknown> {
  private readonly owner: string;
  private limit: number;
  private readonly clock: Clock;
  private readonly holders: Holders = new Holders();
  private readonly line: WaitingLine<Lease>;

  /**
   * @param max how many may hold a slot at once: a whole number of 0 or more, or Infinity
   * @throws TypeError | RangeError when an option is not in its range
   */
  constructor(max: number, options?: SemaphoreOptions);
  /** @internal `owner` is what errors call it */
  constructor(max: number, options?: SemaphoreOptions, owner?: string);
  constructor(max: number, options?: SemaphoreOptions, owner = "Semaphore") {
    this.owner = owner;
    this.limit = requireMax(owner, max);
    const { clock, line } = readOptions(owner, options, ["clock", "line"]);
    this.clock = requireClock(owner, clock);
    const serve = (): void => {
      this.serve();
    };
    this.line = line === undefined ? new Line(serve) : requireLine(owner, line, serve);
  }

  /** How many may hold a slot at once. Raising it serves waiters; lowering it takes nothing from current holders. */
  get max(): number {
    return this.limit;
  }

  set max(max: number) {
    this.limit = requireMax(this.owner, max);
    this.serve();
  }

  /** Slots held. */
  get active(): number {
    return this.holders.size;
  }

  /** Whether no slot is held and no caller waits for one. */
  get idle(): boolean {
    return this.holders.size === 0 && this.line.size === 0;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.line.size;
  }

  /** Free slots. */
  get available(): number {
    return Math.max(this.limit - this.holders.size, 0);
  }

  /** For how many milliseconds the longest holder has had its slot; 0 when no slot is held. */
  get oldest(): number {
    return this.holders.longest(this.clock.now());
  }

  /** `max` and the counters: what a logger needs. */
  toJSON(): Readonly<Record<string, number>> {
    const { max, active, waiting, available, oldest } = this;
    return { max, active, waiting, available, oldest };
  }

  /** A slot, when one is free and no waiter comes before `request`. */
  tryAcquire(request?: unknown): Lease | undefined {
    return this.line.blocks(request) || this.holders.size >= this.limit ? undefined : this.take();
  }

  /** A slot, in turn. Rejects with `signal.reason` when the signal aborts. */
  acquire(options: ReadyOptions<unknown> = {}): Promise<Lease> {
    if (options.signal?.aborted) return Promise.reject(abortReason(options.signal));
    const lease = this.tryAcquire(options.request);
    return lease === undefined ? this.line.join(options) : Promise.resolve(lease);
  }

  /** @internal what a lease does at its end */
  leave(place: number): void {
    this.holders.leave(place);
    if (this.line.size > 0) this.serve();
  }

  private take(): Lease {
    return new SemaphoreLease(this, this.holders.enter(timeOf(this.clock)));
  }

  private serve(): void {
    while (this.line.size > 0 && this.holders.size < this.limit) this.line.grant(this.take());
  }
}

function requireMax(owner: string, max: number): number {
  return requireNumber(owner, "max", max, { min: 0, integer: true, infinity: true });
}

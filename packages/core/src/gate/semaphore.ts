import { abortReason } from "../contract/abort-reason.ts";
import type { Clock } from "../contract/clock.ts";
import type { Gate, Lease } from "../contract/gate.ts";
import type { ReadyOptions } from "../contract/service.ts";
import type { WaitingLine } from "../contract/waiting-line.ts";
import { timeOf } from "../kit/cached-time.ts";
import { readOptions, requireClock, requireNumber } from "../kit/check.ts";
import { Line } from "../kit/line.ts";
import { requireLine } from "../kit/require-line.ts";
import { Asker } from "../stack/asker.ts";
import { giveSlots } from "./slot-source.ts";
import { type Slot, SlotPool } from "./slot.ts";

/** Options of a {@link Semaphore}. */
export interface SemaphoreOptions<Err = never> {
  /** Where `oldest` reads time; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /**
   * Makes the line in which callers wait: for an order of its own. `serve` grants leases to those in line while there is room; the
   * line calls it when a newcomer may be served again, and when a waiter has left. Default: first come, first served.
   */
  readonly line?: ((serve: () => void) => WaitingLine<Lease, any, Err>) | undefined;
}

/** A slot for a caller that asks the semaphore itself. */
class SemaphoreLease implements Lease {
  private slot: Slot | undefined;

  constructor(slot: Slot) {
    this.slot = slot;
  }

  cancel(): void {
    this.finish();
  }

  finish(): void {
    const { slot } = this;
    // Idempotent.
    this.slot = undefined;
    slot?.state.free(slot, true);
  }
}

/**
 * A number of slots: at most `max` are held at once, and waiters are served in order. The gate behind
 * `concurrencyLimit`; share one to put several services under one limit. `Err` is what its line refuses with.
 *
 * @example
 * const semaphore = new Semaphore(50);
 * const service = new ServiceBuilder().layer(gate(semaphore, { name: "upstream" })).serviceFn(ask);
 */
export class Semaphore<Err = never> implements Gate<unknown, Err> {
  private readonly owner: string;
  private limit: number;
  private readonly clock: Clock;
  private readonly slots: SlotPool;
  /** What made the line in which callers wait, where it was given: with the counters that it may have. */
  readonly line: SemaphoreOptions<Err>["line"];
  declare readonly "~failure"?: (() => Err) | undefined;
  private readonly waiters: WaitingLine<Lease, any, Err>;
  /** The same, where it is ours: callers of the layer stand in it themselves. */
  private readonly ownLine: Line<any> | undefined;
  /** Whether it is known since when slots are held. */
  private dated = false;

  /**
   * @param max how many may hold a slot at once: a whole number of 0 or more, or Infinity
   * @throws TypeError | RangeError when an option is not in its range
   */
  constructor(max: number, options?: SemaphoreOptions<Err>);
  /** @internal `owner` is what errors call it */
  constructor(max: number, options?: SemaphoreOptions<Err>, owner?: string);
  constructor(max: number, options?: SemaphoreOptions<Err>, owner = "Semaphore") {
    giveSlots(asMade(), () => ({
      trySlot: (semaphore, request) => semaphore.trySlot(request),
      waitIn({ ownLine }, asker, entrance) {
        if (ownLine !== undefined) asker.waitIn(ownLine, entrance);
        return ownLine !== undefined;
      },
    }));
    this.owner = owner;
    this.limit = requireMax(owner, max);
    const { clock, line } = readOptions(owner, options, ["clock", "line"]);
    this.clock = requireClock(owner, clock);
    const serve = (): void => {
      this.serve();
    };
    this.slots = new SlotPool("work", serve);
    this.line = line;
    this.ownLine = line === undefined ? new Line(serve) : undefined;
    this.waiters = this.ownLine ?? requireLine(owner, line!, serve);
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
    return this.slots.size;
  }

  /** Whether no slot is held and no caller waits for one. */
  get idle(): boolean {
    return this.slots.size === 0 && this.waiters.size === 0;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.waiters.size;
  }

  /** Whether its line refuses callers by itself, because they are too many or wait too long. */
  get bounded(): boolean {
    return this.waiters.bounded === true;
  }

  /** Free slots. */
  get available(): number {
    return Math.max(this.limit - this.slots.size, 0);
  }

  /**
   * For how many milliseconds the longest holder has had its slot; 0 when no slot is held. The clock is read for each holder only once
   * `oldest` has been read: holders from before count from that first look.
   */
  get oldest(): number {
    const now = this.clock.now();
    if (!this.dated) {
      this.dated = true;
      this.slots.date(now);
    }
    return this.slots.longest(now);
  }

  /** `max` and the counters: what a logger needs. */
  toJSON(): Readonly<Record<string, number>> {
    const { max, active, waiting, available, oldest } = this;
    return { max, active, waiting, available, oldest };
  }

  /** A slot, when one is free and no waiter comes before `request`. */
  tryAcquire(request?: unknown): Lease | undefined {
    const slot = this.trySlot(request);
    return slot && new SemaphoreLease(slot);
  }

  /** A slot, in turn. Rejects with `signal.reason` when the signal aborts. */
  acquire(options: ReadyOptions<unknown> = {}): Promise<Lease> {
    if (options.signal?.aborted) return Promise.reject(abortReason(options.signal));
    const lease = this.tryAcquire(options.request);
    if (lease !== undefined) return Promise.resolve(lease);
    if (this.ownLine !== undefined) return this.ownLine.join(options);
    const isFull = this.slots.size >= this.limit;
    const waiting = this.waiters.join(options);
    // What a line of somebody's own has asked may have made room, when nobody stood in it.
    if (isFull) this.serve();
    return waiting;
  }

  private trySlot(request: unknown): Slot | undefined {
    return this.waiters.blocks(request) || this.slots.size >= this.limit ? undefined : this.take();
  }

  private take(): Slot {
    return this.slots.take(this.dated ? timeOf(this.clock) : Number.NaN);
  }

  private serve(): void {
    const { waiters, ownLine } = this;
    while (waiters.size > 0 && this.slots.size < this.limit) {
      const slot = this.take();
      if (ownLine?.first instanceof Asker) ownLine.grant(slot);
      else waiters.grant(new SemaphoreLease(slot));
    }
  }
}

/** What all semaphores inherit. Not named in the class itself: bundlers call a class that does so by another name. */
function asMade(): Semaphore<any> {
  return Semaphore.prototype;
}

function requireMax(owner: string, max: number): number {
  return requireNumber(owner, "max", max, { min: 0, integer: true, infinity: true });
}

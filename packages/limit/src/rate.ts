import { type Clock, type Gate, type Lease, OverloadedError, type ReadyOptions } from "@sluice/core";
import { giveSlots, type Slot, SlotPool } from "@sluice/core/internal";
import {
  abortReason,
  Alarm,
  Line,
  readOptions,
  requireClock,
  requireDuration,
  requireLabel,
  requireNear,
  requireNumber,
} from "@sluice/core/kit";

/** Options of every rate. */
export interface RateOptions {
  /** How many calls may start in an `interval`: a whole number from 1 to 2^53-1. Half a call a second is one in 2,000 ms. */
  readonly limit: number;
  /** The span of time in milliseconds: above 0, at most 2^31-1. */
  readonly interval: number;
  /** Where time is read and the timer for waiters is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /**
   * Tells this rate apart from others: `"search"`. It is on the refusals of `rateLimit`; of a gate for which you make the layer, on those for a
   * deadline, and the layer has its own. Default: none.
   */
  readonly label?: string | undefined;
}

/** A permit for a caller that asks the rate itself. */
class RateLease implements Lease {
  private slot: Slot | undefined;

  constructor(slot: Slot) {
    this.slot = slot;
  }

  cancel(): void {
    this.settle(false);
  }

  start(): void {
    this.settle(true);
  }

  finish(): void {
    // A call that has finished has started, also where `start` was not called.
    this.settle(true);
  }

  private settle(started: boolean): void {
    const { slot } = this;
    this.slot = undefined;
    slot?.state.free(slot, started);
  }
}

/**
 * What all rates share: a gate that counts starts.
 *
 * A permit may be reserved now and started at any time later, and it has to be good then. So a permit that is held takes
 * up room until its call starts, and from then on the start does: a start never adds to what is taken up, and what
 * starts took up only shrinks as time goes by. A rate answers one question, when so many more could have started, and all
 * else follows from that.
 */
export abstract class Rate implements Gate<unknown, OverloadedError> {
  /** Carries the failure in the types; never there at run time. */
  declare readonly "~failure"?: (() => OverloadedError) | undefined;
  /** How a call ends is nothing to it. */
  readonly holds = "start";
  /** What an edge answers with 429. */
  readonly reason = "rate";
  /** How many calls may start in an `interval`. */
  readonly limit: number;
  /** The span of time, in milliseconds. */
  readonly interval: number;
  /** What tells this rate apart from others. */
  readonly label: string | undefined;
  /** The most calls that may ever start at one moment. */
  protected readonly most: number;
  private readonly alarm: Alarm;
  /** Permits whose calls have not started yet. */
  private readonly held: SlotPool = new SlotPool("start", (started) => {
    this.left(started);
  });
  private readonly line: Line<Lease> = new Line(() => {
    this.serve(this.alarm.now());
  });

  /** @param owner what errors call it */
  constructor(owner: string, options: RateOptions & { readonly burst?: number | undefined }, bursts = false) {
    giveSlots(Rate.prototype, () => ({ trySlot: (rate) => rate.enter(rate.alarm.now()) }));
    const {
      limit,
      interval,
      burst = limit,
      clock,
      label,
    } = readOptions(owner, options, ["limit", "interval", "burst", "clock", "label"]);
    this.limit = requireCount(owner, "limit", limit);
    this.interval = requireDuration(owner, "interval", interval, { above: true });
    this.most = requireCount(owner, "burst", burst);
    if (burst !== limit && !bursts) {
      throw new RangeError(`${owner}: burst must be limit in a window; received ${burst}`);
    }
    this.label = requireLabel(owner, label);
    this.alarm = new Alarm(requireClock(owner, clock), (now) => {
      this.serve(now);
    });
  }

  /** When the last of `count` calls can start: `now` or later, if each starts as soon as it may and no others do. */
  protected abstract earliest(count: number, now: number): number;
  /** A call starts at `now`. There is room for it. */
  protected abstract record(now: number): void;

  /** Permits held whose calls have not started yet. They take up room until then. */
  get active(): number {
    return this.held.size;
  }

  /** Whether no permit is held, no caller waits for one, and all of the rate is available. */
  get idle(): boolean {
    return this.line.size === 0 && this.available === this.most;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.line.size;
  }

  /** How many more permits there are right now. */
  get available(): number {
    const now = this.alarm.now();
    let some = 0;
    let most = this.most - this.held.size;
    while (some < most) {
      const half = some + Math.ceil((most - some) / 2);
      if (this.earliest(this.held.size + half, now) <= now) some = half;
      else most = half - 1;
    }
    return some;
  }

  /** For how many milliseconds the longest holder has had a permit without starting its call; 0 when none is held. */
  get oldest(): number {
    return this.held.longest(this.alarm.now());
  }

  /** What it is, and its counters: what a logger needs. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label, limit, interval, active, waiting, available, oldest } = this;
    return { label, limit, interval, active, waiting, available, oldest };
  }

  /**
   * In how many milliseconds a caller that asks now could be admitted, behind the holders of permits and the waiters: if
   * none of them gives up, and each starts as soon as it may.
   */
  retryAfter(): number {
    return this.wait(1, this.alarm.now());
  }

  /** A permit, when there is room for one more start and no caller is in line for it. */
  tryAcquire(): Lease | undefined {
    const slot = this.enter(this.alarm.now());
    return slot && new RateLease(slot);
  }

  /**
   * A permit, in turn. Rejects with `signal.reason` when the signal aborts, and with `OverloadedError` when the turn
   * cannot come by the deadline: without waiting, where that is known from the start. With a `RangeError` when the deadline is more than
   * 2^31-1 ms away.
   */
  acquire(options: ReadyOptions = {}): Promise<Lease> {
    const { signal, deadline = Infinity } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    const now = this.alarm.now();
    const slot = this.enter(now);
    if (slot !== undefined) return Promise.resolve(new RateLease(slot));
    const { ahead } = this.alarm;
    try {
      requireNear("rateLimit", deadline, now - ahead);
    } catch (error) {
      return Promise.reject(error);
    }
    const wait = this.wait(1, now);
    if (wait > deadline + ahead - now) return Promise.reject(this.overloaded(wait));
    // The deadline is a time of the clock, and waits in ours: the clock may be set back meanwhile.
    const waiting = this.line.join(ahead === 0 ? options : { ...options, deadline: deadline + ahead });
    // Behind others there is nothing new, unless their timer may have been cleared.
    if (!this.alarm.trusted) this.serve(now);
    return waiting;
  }

  /** A permit was released, or its call starts. */
  private left(started: boolean): void {
    const now = this.alarm.now();
    if (started) this.record(now);
    this.serve(now);
  }

  private overloaded(retryAfter: number): OverloadedError {
    return new OverloadedError("rateLimit", { reason: "rate", label: this.label, retryAfter });
  }

  private enter(now: number): Slot | undefined {
    return this.line.blocks() || this.earliest(this.held.size + 1, now) > now ? undefined : this.held.take(now);
  }

  /** Lets in whom there is room for, and sets the alarm for the next. */
  private serve(now: number): void {
    for (let { first } = this.line; first !== undefined; { first } = this.line) {
      const { deadline = Infinity } = first.options;
      const due = this.earliest(this.held.size + 1, now);
      if (due > deadline) {
        // Its wait, were it to ask again: behind the others.
        this.line.refuse(this.overloaded(this.wait(0, now)));
      } else if (due <= now) {
        this.line.grant(new RateLease(this.held.take(now)));
      } else {
        // Where permits take up all the room, no time brings more; a start does, or a permit released.
        this.alarm.set(this.held.size < this.most ? due : Infinity);
        return;
      }
    }
    this.alarm.clear();
  }

  /** In how many milliseconds the holders, the waiters and `more` behind them can all have started. */
  private wait(more: number, now: number): number {
    return this.earliest(this.held.size + this.line.size + more, now) - now;
  }
}

/** A whole number of calls, 1 or more, that can be counted exactly. */
function requireCount(owner: string, option: string, value: unknown): number {
  return requireNumber(owner, option, value, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
}

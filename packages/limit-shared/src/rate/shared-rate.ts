import type { Gate, Lease, OverloadedError, ReadyOptions } from "@sluice/core";
import { abortReason, Alarm, Line, LinkedList, requireNear, requireNumber } from "@sluice/core/kit";
import { Notices } from "../link/notices.ts";
import { Soon } from "../link/soon.ts";
import { StoreLink, type StoreState } from "../link/store-link.ts";
import { Warming } from "../link/warming.ts";
import type { StoreDownError } from "../store-down-error.ts";
import type { TakeAnswer, TakeAsk } from "../store/store.ts";
import { Borrower } from "./borrower.ts";
import { patienceOf, refuseLate } from "./line-deadlines.ts";
import { type LeaseHolder, RateLease } from "./rate-lease.ts";
import { RateOutage } from "./rate-outage.ts";
import { type RateTerms, readRateTerms, type SharedRateLimitOptions } from "./rate-terms.ts";

/** What errors and events call the layer. */
export const rateLayerName = "sharedRateLimit";

/**
 * The gate behind {@link sharedRateLimit}, for a layer of another name, and for a gate made of gates.
 *
 * It holds a few tokens that the store has counted already, so that whoever asks is let in at once; the store is asked for more in the background.
 *
 * @example
 * const quota = new SharedRate({ store, key: "search", limit: 100, interval: 1_000 });
 * const service = new ServiceBuilder().layer(gate(quota, { name: "quota" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class SharedRate implements Gate<unknown, OverloadedError | StoreDownError>, LeaseHolder {
  /** Carries the failures in the types; never there at run time. */
  declare readonly "~failure"?: (() => OverloadedError | StoreDownError) | undefined;
  /** It counts starts: how a call ends is nothing to it. */
  readonly holds = "start";
  /** @internal the options, checked */
  readonly terms: RateTerms;
  private readonly alarm: Alarm;
  private readonly borrower: Borrower;
  private readonly link: StoreLink<TakeAsk, TakeAnswer>;
  private readonly held: LinkedList<RateLease> = new LinkedList();
  private readonly warming: Warming = new Warming();
  private readonly soon: Soon = new Soon(() => {
    this.flush();
  });
  private readonly line: Line<Lease> = new Line(() => {
    this.serve(this.alarm.now());
  });
  private readonly outage: RateOutage;
  private readonly notices: Notices;
  /** Whether somebody asked for a token, found none, and may not wait. */
  private missed = false;
  private closed = false;
  private closing: Promise<void> | undefined = undefined;

  constructor(options: SharedRateLimitOptions);
  /** @internal `owner` is what errors call it */
  constructor(options: SharedRateLimitOptions, owner?: string);
  constructor(options: SharedRateLimitOptions, owner = "SharedRate") {
    const terms = readRateTerms(owner, options);
    const { store, key, clock, timeout, label } = terms;
    this.terms = terms;
    this.notices = new Notices({ layer: rateLayerName, label, source: this });
    this.outage = new RateOutage(terms);
    this.alarm = new Alarm(clock, (now) => {
      this.ring(now);
    });
    this.borrower = new Borrower(terms);
    this.link = new StoreLink({
      timeout,
      now: () => this.alarm.now(),
      send: (ask) => store.take(key, ask),
      read: (answer, ask) => this.borrower.read(answer, ask),
      answered: (answer, ask, sent) => {
        this.answered(answer, ask, sent);
      },
      failed: () => {
        this.failed();
      },
      changed: (from, to) => {
        this.notices.state(from, to, this.link.cause);
      },
    });
  }

  /** Why it refuses: what an edge answers with 429, unless it is closed. */
  get reason(): "rate" | "closed" {
    return this.closed ? "closed" : "rate";
  }

  /** Permits held whose calls have not started yet. */
  get active(): number {
    return this.held.size;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.line.size;
  }

  /** How many more permits there are right now, in this member. */
  get available(): number {
    if (this.closed) return 0;
    const now = this.alarm.now();
    return this.borrower.stock.good(now) + this.outage.available(now);
  }

  /** For how many milliseconds the longest holder has had a permit without starting its call; 0 when none is held. */
  get oldest(): number {
    const { first } = this.held;
    return first === undefined ? 0 : this.alarm.now() - first.since;
  }

  /** Whether the store answered the last question. */
  get state(): StoreState {
    return this.link.state;
  }

  /** How many members share the limit, as the store said last; undefined before that. */
  get members(): number | undefined {
    return this.borrower.members;
  }

  /** How often the store was asked. */
  get trips(): number {
    return this.link.trips;
  }

  /** Answers that came too late to be used. */
  get late(): number {
    return this.link.late;
  }

  /** Whether nothing is borrowed, held, owed or under way, and no caller waits. */
  get idle(): boolean {
    if (this.closed || this.outage.isOn || this.link.busy || this.held.size + this.line.size > 0) return false;
    const now = this.alarm.now();
    return this.borrower.stock.size(now) === 0 && !this.borrower.isLow(now);
  }

  /** What it is, and its counters: what a logger needs. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label, key, limit, interval } = this.terms;
    const { state, members, active, waiting, available, oldest, trips, late } = this;
    return { label, key, limit, interval, state, members, active, waiting, available, oldest, trips, late };
  }

  /** In how many milliseconds a caller who asks now could be admitted, behind those in line; undefined where that is not known. */
  retryAfter(): number | undefined {
    if (this.closed) return undefined;
    const now = this.alarm.now();
    const date = this.dateOf(this.line.size, now);
    return date !== undefined && date > now ? date - now : this.link.roundTrip;
  }

  /** Borrows `count` tokens. See {@link SharedRateLimit.warm}. */
  warm(count = 1): Promise<void> {
    requireNumber(rateLayerName, "count", count, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
    if (this.closed || this.borrower.stock.good(this.alarm.now()) >= count) return Promise.resolve();
    const warm = this.warming.join(count);
    this.soon.call();
    return warm;
  }

  /** Gives back what is borrowed. See {@link SharedRateLimit.close}. */
  close(): Promise<void> {
    if (this.closing === undefined) {
      this.closed = true;
      this.closing = this.warming.join(0);
      while (this.line.size > 0) this.line.refuse(this.overloaded());
      this.soon.call();
    }
    return this.closing;
  }

  /** A permit, where one is there now and no caller is in line for it. Throws {@link StoreDownError} where the store is down and `outage` says so. */
  tryAcquire(): Lease | undefined {
    if (this.closed || this.line.blocks()) return undefined;
    const now = this.alarm.now();
    try {
      const lease = this.enter(now);
      if (lease === undefined) this.borrower.refused(now);
      if (lease === undefined || this.outage.isOn) this.miss(now);
      return lease;
    } catch (error) {
      this.miss(now);
      throw error;
    }
  }

  /**
   * A permit, in turn. Rejects with `signal.reason` when the signal aborts; with `OverloadedError` when the turn cannot come by the deadline, as
   * soon as that is known; with {@link StoreDownError} where the store is down and `outage` says so. With a `RangeError` when the deadline is more
   * than 2^31-1 ms away.
   */
  acquire(options: ReadyOptions = {}): Promise<Lease> {
    const { signal, deadline = Infinity } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.closed) return Promise.reject(this.overloaded());
    const { ahead } = this.alarm;
    try {
      const lease = this.tryAcquire();
      if (lease !== undefined) return Promise.resolve(lease);
      const now = this.alarm.now();
      requireNear(rateLayerName, deadline, now - ahead);
      const date = this.dateOf(this.line.size, now);
      if (date !== undefined && date > deadline + ahead) throw this.overloaded(date - now);
    } catch (error) {
      return Promise.reject(error);
    }
    this.borrower.waits();
    // The deadline is a time of the clock, and waits in ours: the clock may be set back meanwhile.
    const waiting = this.line.join(ahead === 0 ? options : { ...options, deadline: deadline + ahead });
    // Behind others there is nothing new, unless their timer may have been cleared.
    if (this.line.size === 1 || !this.alarm.trusted) this.serve(this.alarm.now());
    else this.askSoon(this.alarm.now());
    return waiting;
  }

  /** @internal */
  started(lease: RateLease): void {
    if (!this.held.remove(lease)) return;
    const now = this.alarm.now();
    const { borrower } = this;
    const { token } = lease;
    borrower.started(now);
    const isCounted = token === undefined ? this.outage.started(now) : token.batch.endOf(token.index) > now;
    if (!isCounted) borrower.owe(1);
    if (this.link.isFree(now) && borrower.isLow(now)) this.soon.call();
  }

  /** @internal */
  cancelled(lease: RateLease): void {
    if (!this.held.remove(lease)) return;
    const now = this.alarm.now();
    if (lease.token !== undefined) this.borrower.stock.putBack(lease.token, now);
    else this.outage.leave(lease.outage);
    if (this.line.size > 0) this.serve(now);
    else if (this.closed) this.soon.call();
  }

  private enter(now: number): RateLease | undefined {
    const token = this.borrower.stock.take(now);
    if (token === undefined) {
      if (this.outage.refuses) throw this.notices.storeDown(this.link, now);
      if (!this.outage.enter(now)) return undefined;
    }
    const lease = new RateLease(this, token, this.outage.number, now);
    this.held.push(lease);
    return lease;
  }

  private miss(now: number): void {
    this.missed = true;
    this.askSoon(now);
  }

  private askSoon(now: number): void {
    if (this.link.isFree(now) && this.borrower.retryAt <= now) this.soon.call();
  }

  /** Asks the store for what is wanted by now, and tells it what it does not know. */
  private flush(): void {
    const now = this.alarm.now();
    // The answer that is waited for comes back here.
    if (this.link.busy) return;
    // Who waits has asked before: not counted twice.
    const wanted = Math.max(this.missed && this.line.size === 0 ? 1 : 0, this.warming.count);
    this.missed = false;
    const ask = this.link.isFree(now)
      ? this.borrower.ask(
          {
            waiting: this.line.size,
            wanted,
            patience: patienceOf(this.line),
            owed: this.outage.owed(now),
            closed: this.closed,
          },
          now,
        )
      : undefined;
    if (ask === undefined) this.warming.over();
    else {
      this.outage.post(now);
      this.warming.asked(this.closed);
      this.link.ask(ask, now);
    }
    this.arm(now);
  }

  private answered(answer: TakeAnswer, ask: TakeAsk, sent: number): void {
    const now = this.alarm.now();
    // What was started while the question was under way is told with the next one.
    if (this.outage.isOn) this.borrower.owe(this.outage.end(now));
    this.borrower.learn(answer, ask, sent, now);
    const { limit, interval, storeBurst: burst } = this.terms;
    this.notices.conflict({ limit, interval, burst }, answer.conflict);
    this.goOn(now);
  }

  private failed(): void {
    const now = this.alarm.now();
    this.borrower.forget();
    this.outage.begin(this.borrower.members ?? 1, now);
    this.goOn(now);
  }

  /** A question has ended. */
  private goOn(now: number): void {
    this.warming.answered();
    refuseLate(this.line, now, {
      dateOf: (before) => this.dateOf(before, now),
      refusal: (retryAfter) => this.overloaded(retryAfter),
    });
    this.serve(now);
    this.soon.call();
  }

  private ring(now: number): void {
    this.link.overdue(now);
    this.serve(now);
  }

  /** Lets in whom there is a token for, has more asked for, and sets the alarm. */
  private serve(now: number): void {
    for (let { first } = this.line; first !== undefined; { first } = this.line) {
      const { deadline = Infinity } = first.options;
      try {
        if (deadline < now) throw this.overloaded(this.retryAfter());
        const lease = this.enter(now);
        if (lease === undefined) break;
        this.line.grant(lease);
      } catch (error) {
        this.line.refuse(error);
      }
    }
    this.arm(now);
    // Also where nobody waits any more: what was borrowed for those who left goes back.
    if (this.link.isFree(now)) this.soon.call();
  }

  /** When the one behind `before` others in line can start, at the earliest; undefined where that is not known. */
  private dateOf(before: number, now: number): number | undefined {
    const { borrower, outage } = this;
    if (!outage.isOn) return borrower.dateOf(before, now);
    return Math.min(borrower.stock.dateOf(before, now) ?? Infinity, outage.dateOf(before, now));
  }

  /** The one timer is armed while an answer is waited for, and while a caller is in line. */
  private arm(now: number): void {
    const { link, line, borrower, outage } = this;
    let { due } = link;
    if (line.size > 0) {
      // Not the date of a token that the store has yet to give.
      const date = outage.isOn ? this.dateOf(0, now) : borrower.stock.dateOf(0, now);
      due = Math.min(due, date ?? Infinity);
      const askAt = outage.isOn ? link.probeAt : borrower.retryAt;
      if (!link.busy && askAt > now) due = Math.min(due, askAt);
    }
    this.alarm.set(due);
  }

  private overloaded(retryAfter?: number): OverloadedError {
    return this.notices.overloaded(this.reason, retryAfter);
  }
}

import type { Gate, Lease, OverloadedError, ReadyOptions } from "@sluice/core";
import { abortReason, Alarm, Line, LinkedList, requireNear } from "@sluice/core/kit";
import { type Kin, SharedGate } from "../link/shared-gate.ts";
import type { StoreDownError } from "../store-down-error.ts";
import type { TakeAnswer, TakeAsk } from "../store/store.ts";
import { Borrower } from "./borrower.ts";
import { patienceOf, refuseLate } from "./line-deadlines.ts";
import { type LeaseHolder, RateLease } from "./rate-lease.ts";
import { RateOutage } from "./rate-outage.ts";
import { type RateTerms, readRateTerms, type SharedRateLimitOptions } from "./rate-terms.ts";

/** The name of the layer in errors and events. */
export const rateLayerName = "sharedRateLimit";

/**
 * The gate behind {@link sharedRateLimit}, for a layer with another name, or as part of another gate.
 *
 * It holds a few tokens that the store has already counted, so a caller is admitted immediately, and asks the store for more in the
 * background.
 *
 * @example
 * const quota = new SharedRate({ store, key: "search", limit: 100, interval: 1_000 });
 * const service = new ServiceBuilder().layer(gate(quota, { name: "quota" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class SharedRate
  extends SharedGate<TakeAsk, TakeAnswer, RateTerms>
  implements Gate<unknown, OverloadedError | StoreDownError>, LeaseHolder
{
  /** Carries the failures in the types; never there at run time. */
  declare readonly "~failure"?: (() => OverloadedError | StoreDownError) | undefined;
  /** It counts starts, not running calls. */
  readonly holds = "start";
  protected readonly line: Line<Lease> = new Line(() => {
    this.serve(this.now());
  });
  private readonly alarm: Alarm;
  private readonly borrower: Borrower;
  private readonly outage: RateOutage;
  private readonly held: LinkedList<RateLease> = new LinkedList();

  constructor(options: SharedRateLimitOptions);
  /** @internal `owner` is what errors call it */
  constructor(options: SharedRateLimitOptions, owner?: string, kin?: Kin<RateTerms>);
  constructor(options: SharedRateLimitOptions, owner = "SharedRate", kin?: Kin<RateTerms>) {
    super(rateLayerName, kin?.terms ?? readRateTerms(owner, options), kin);
    this.borrower = new Borrower(this.terms, this.member);
    this.outage = new RateOutage(this.terms);
    this.alarm = new Alarm(this.terms.clock, (now) => {
      this.link.overdue(now);
      this.serve(now);
    });
  }

  /**
   * The gate of another key: the same rate, counted separately, under the key of this one, ":" and `key`. All gates share what this member
   * knows of the store: how many members there are, and that it is down, so that an outage costs one timeout and not one for each key.
   *
   * In an outage each key begins as if the store had lost its state: with this member's part of the burst where `fresh` is `"full"`, and
   * with nothing where it is `"empty"`.
   *
   * @example
   * const rate = new SharedRate({ store, key: "client", limit: 100, interval: 60_000 });
   * const perClient = keyed({ key: (request: Ask) => request.client, gate: (client) => rate.forKey(client) });
   *
   * @param key a non-empty string; with its prefix at most 200 characters
   * @throws TypeError | RangeError when `key` is not
   */
  forKey(key: string): SharedRate {
    return ofKin(this.terms, this.kin(key));
  }

  /** The `reason` of its refusals. An HTTP edge answers `"rate"` with 429. */
  get reason(): "rate" | "closed" {
    return this.closed ? "closed" : "rate";
  }

  /** Permits held whose calls have not started yet. */
  get active(): number {
    return this.held.size;
  }

  /** How many permits this member has free now. */
  get available(): number {
    if (this.closed) return 0;
    const now = this.now();
    this.catchUp(now);
    return this.borrower.stock.good(now) + this.outage.available(now);
  }

  /** For how many milliseconds the longest holder has had a permit without starting its call; 0 when none is held. */
  get oldest(): number {
    const { first } = this.held;
    return first === undefined ? 0 : this.now() - first.since;
  }

  /** Whether no token is borrowed, held or owed, no question is in flight, and no caller waits. */
  get idle(): boolean {
    if (this.closed || this.link.busy || this.held.size + this.line.size > 0) return false;
    const now = this.now();
    this.catchUp(now);
    return this.borrower.stock.size(now) === 0 && !this.borrower.isLow(now) && this.outage.isIdle(now);
  }

  /** Its options and counters, for a logger. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label, limit, interval } = this.terms;
    const { key, state, members, active, waiting, available, oldest, trips, late } = this;
    return { label, key, limit, interval, state, members, active, waiting, available, oldest, trips, late };
  }

  /** In how many milliseconds a caller who asks now can be admitted, behind the callers in line; undefined where that is not known. */
  retryAfter(): number | undefined {
    if (this.closed) return undefined;
    const now = this.now();
    const date = this.dateOf(this.line.size, now);
    return date !== undefined && date > now ? date - now : this.member.roundTrip;
  }

  /** A permit, where one is free and no caller is in line. Throws {@link StoreDownError} where the store is down and `outage` is `"refuse"`. */
  tryAcquire(): Lease | undefined {
    if (this.closed || this.line.blocks()) return undefined;
    const now = this.now();
    this.catchUp(now);
    try {
      const lease = this.enter(now);
      if (lease === undefined) this.borrower.refused(now);
      if (lease === undefined || this.outage.local !== undefined) this.miss(now);
      return lease;
    } catch (error) {
      this.miss(now);
      throw error;
    }
  }

  /**
   * A permit, in turn. Rejects with `signal.reason` when the signal aborts; with `OverloadedError` when no permit can come by the deadline,
   * as soon as that is known; with {@link StoreDownError} where the store is down and `outage` is `"refuse"`; with a `RangeError` when the
   * deadline is more than 2^31-1 ms away.
   */
  acquire(options: ReadyOptions = {}): Promise<Lease> {
    const { signal, deadline = Infinity } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.closed) return Promise.reject(this.overloaded());
    const { ahead } = this.alarm;
    try {
      const lease = this.tryAcquire();
      if (lease !== undefined) return Promise.resolve(lease);
      const now = this.now();
      requireNear(rateLayerName, deadline, now - ahead);
      const date = this.dateOf(this.line.size, now);
      if (date !== undefined && date > deadline + ahead) throw this.overloaded(date - now);
    } catch (error) {
      return Promise.reject(error);
    }
    this.borrower.waits();
    // The deadline is a time of the clock; the line uses the alarm's time, for the clock may be set back meanwhile.
    const waiting = this.line.join(ahead === 0 ? options : { ...options, deadline: deadline + ahead });
    // Behind other callers the timer is already set, unless a test runner may have cleared it.
    if (this.line.size === 1 || !this.alarm.trusted) this.serve(this.now());
    else this.askSoon(this.now());
    return waiting;
  }

  /** @internal */
  started(lease: RateLease): void {
    if (!this.held.remove(lease)) return;
    const now = this.now();
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
    const now = this.now();
    if (lease.token !== undefined) this.borrower.stock.putBack(lease.token, now);
    else this.outage.leave(lease.outage);
    if (this.line.size > 0) this.serve(now);
    else if (this.closed) this.soon.call();
  }

  /** @internal */
  now(): number {
    return this.alarm.now();
  }

  /** @internal */
  send(ask: TakeAsk): unknown {
    return this.terms.store.take(this.key, ask);
  }

  /** @internal */
  read(answer: unknown, ask: TakeAsk): TakeAnswer {
    return this.borrower.read(answer, ask);
  }

  /** @internal */
  answered(answer: TakeAnswer, ask: TakeAsk, sent: number): void {
    const now = this.now();
    this.catchUp(now);
    this.borrower.learn(answer, ask, sent, now);
    const { limit, interval, storeBurst: burst } = this.terms;
    this.notices.conflict(this.member, { limit, interval, burst }, answer.conflict);
    this.goOn(now);
  }

  /** @internal */
  failed(ask: TakeAsk): void {
    const now = this.now();
    if (ask.debt > 0) this.borrower.unheard = ask;
    this.catchUp(now);
    this.goOn(now);
  }

  protected catchUp(now: number): void {
    const { member, borrower, outage } = this;
    const { local } = outage;
    const isDown = member.state === "down";
    if (isDown === (local !== undefined)) return;
    if (local === undefined) {
      borrower.forget();
      outage.begin(member, now);
    } else {
      // Calls that started while the question was in flight are reported with the next one.
      borrower.owe(Math.ceil(local.owed(now)), local.reported(now));
      outage.local = undefined;
      this.soon.call();
    }
  }

  protected borrowed(now: number): number {
    return this.borrower.stock.good(now);
  }

  protected giveUp(): void {
    // The next question gives back the whole stock.
  }

  private enter(now: number): RateLease | undefined {
    const token = this.borrower.stock.take(now);
    if (token === undefined) {
      if (this.outage.refuses) throw this.storeDown(now);
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

  protected question(now: number): TakeAsk | undefined {
    const { line, warming, closed } = this;
    // A caller in line has asked before, and is not counted twice.
    const wanted = Math.max(this.missed && line.size === 0 ? 1 : 0, warming.count);
    const { local } = this.outage;
    return this.borrower.ask({ waiting: line.size, wanted, patience: patienceOf(line), local, closed }, now);
  }

  /** The question in flight has been answered or has failed. */
  private goOn(now: number): void {
    this.warming.answered();
    refuseLate(this.line, now, {
      dateOf: (before) => this.dateOf(before, now),
      refusal: (retryAfter) => this.overloaded(retryAfter),
    });
    this.serve(now);
    this.soon.call();
  }

  /** Admits callers while there are tokens, asks for more, and sets the alarm. */
  private serve(now: number): void {
    this.catchUp(now);
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
    // Also where the line is empty: tokens that were borrowed for callers who left are given back.
    if (this.link.isFree(now)) this.soon.call();
  }

  /** The earliest start of the caller behind `before` others in line, or when it is refused; undefined where that is not known. */
  private dateOf(before: number, now: number): number | undefined {
    const { borrower, outage } = this;
    if (outage.local === undefined) return borrower.dateOf(before, now);
    const { stock } = borrower;
    // Tokens in stock serve some of those before it.
    return Math.min(stock.dateOf(before, now) ?? Infinity, outage.dateOf(before - stock.size(now), now));
  }

  /** The timer is armed while a question is in flight, and while a caller is in line. */
  protected arm(now: number): void {
    const { link, line, member, borrower, outage } = this;
    const isUp = outage.local === undefined;
    let { due } = link;
    if (line.size > 0) {
      // Only tokens in stock: a token that the store has yet to give sets no timer.
      const date = isUp ? borrower.stock.dateOf(0, now) : this.dateOf(0, now);
      due = Math.min(due, date ?? Infinity);
      const askAt = isUp ? borrower.retryAt : member.probeAt;
      if (!link.busy && askAt > now) due = Math.min(due, askAt);
    }
    this.alarm.set(due);
  }
}

/** The gate of another key. Not in the class: bundlers rename a class that names itself. */
function ofKin(terms: RateTerms, kin: Kin<RateTerms>): SharedRate {
  return new SharedRate(terms, rateLayerName, kin);
}

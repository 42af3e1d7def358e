import { AnswerReader } from "../read-answer.ts";
import type { Member } from "../link/member.ts";
import type { TakeAnswer, TakeAsk } from "../store/store.ts";
import type { RateTerms } from "./rate-terms.ts";
import { RecentStarts } from "./recent-starts.ts";
import { Stock } from "./stock.ts";

/** For whom tokens are borrowed. */
export interface Demand {
  /** Callers in line. */
  readonly waiting: number;
  /** How many tokens somebody asked for who does not wait. */
  readonly wanted: number;
  /** When the last of those in line no longer wants one. */
  readonly patience: number;
  /** Starts without a token, as far as the store is to be told of them now. */
  readonly owed: number;
  /** Whether nobody is let in any more, and all is given back. */
  readonly closed: boolean;
}

/** A store that grants nothing and says that it could is not asked again at once: ms. */
const shortestPause = 1;

/**
 * How many tokens one member borrows, and when: as many as there are callers in line, and as many as were started in the last half `hold` in which
 * there were tokens, to be asked for again when half of those are gone.
 *
 * Where the store has nothing to spare, it gives tokens of the future, and the member takes few of them at a time: at most half of its part
 * of what the store gives out ahead of time. Otherwise the member with the longest line would have all of them.
 */
export class Borrower {
  readonly stock: Stock = new Stock();
  /** When the next token that the store gives will be good, at the earliest; -Infinity where that is not known. */
  nextDate: number = Number.NEGATIVE_INFINITY;
  /** When the store can give the next token, at the earliest. */
  retryAt: number = Number.NEGATIVE_INFINITY;
  private readonly terms: RateTerms;
  private readonly member: Member;
  private readonly recent: RecentStarts;
  /** Starts of permits whose token had ended, which the store has not been told of. */
  private lateStarts = 0;
  /** Those of them that the question under way tells it of. */
  private posted = 0;

  constructor(terms: RateTerms, member: Member) {
    this.terms = terms;
    this.member = member;
    this.recent = new RecentStarts(terms.hold / 2);
  }

  /** A call starts. */
  started(now: number): void {
    this.recent.add(now);
  }

  /** One who asks now finds no token. */
  refused(now: number): void {
    this.recent.refused(now);
  }

  /** One who found none joins the line. */
  waits(): void {
    this.recent.waits();
  }

  /** Calls have started without a token: they count from now on, and the next tokens pay for them. */
  owe(starts: number): void {
    this.lateStarts += starts;
  }

  /** Whether so much is gone that the store is to be asked, or told. */
  isLow(now: number): boolean {
    if (this.lateStarts > 0) return true;
    const kept = this.kept(now);
    return kept > 0 && this.retryAt <= now && this.stock.size(now) <= kept / 2;
  }

  /** The next question; undefined where there is nothing to ask. */
  ask(demand: Demand, now: number): TakeAsk | undefined {
    const { limit, interval, storeBurst, fresh } = this.terms;
    const { waiting, closed, patience } = demand;
    const ahead = Math.max(0, Math.min(this.ahead(waiting), patience - now));
    const count = closed ? 0 : this.count(demand, now);
    const surplus = closed ? this.stock.size(now) : this.surplus(waiting, now);
    const debt = this.lateStarts + Math.ceil(demand.owed);
    if (count === 0 && surplus === 0 && debt === 0) return undefined;
    const { unused, stamp } = this.stock.giveBack(surplus, now);
    // What had to be given back may have ended by now.
    if (count + debt + unused === 0) return undefined;
    this.posted = this.lateStarts;
    return {
      limit,
      interval,
      burst: storeBurst,
      count,
      ahead,
      debt,
      unused,
      stamp,
      fresh,
      ...this.member.sign(),
    };
  }

  /** An answer whose members can be relied on. Throws where it is none. */
  read(answer: unknown, { count, ahead }: TakeAsk): TakeAnswer {
    const reader = new AnswerReader(answer);
    const granted = reader.whole("granted", count);
    return {
      granted,
      // A token that is further off than was asked for would be waited for, for as long as the store likes.
      first: reader.number("first", granted > 0 ? ahead + this.terms.step + 1 : Number.MAX_VALUE),
      stamp: reader.text("stamp"),
      members: reader.members(),
      conflict: reader.conflict() as TakeAnswer["conflict"],
    };
  }

  learn({ granted, first, stamp, members }: TakeAnswer, { count, ahead }: TakeAsk, sent: number, now: number): void {
    const { step, hold } = this.terms;
    this.member.heard(members, now);
    this.lateStarts -= this.posted;
    this.stock.add({ granted, first, stamp, step, came: now, sent, hold });
    this.nextDate = now + first + granted * step;
    const pause = Math.max(this.nextDate - ahead, now + Math.max(Math.min(step, hold), shortestPause));
    this.retryAt = granted < count ? pause : Number.NEGATIVE_INFINITY;
  }

  /** The store did not answer: what it would give is not known. */
  forget(): void {
    this.nextDate = Number.NEGATIVE_INFINITY;
    this.retryAt = Number.NEGATIVE_INFINITY;
  }

  /** When the one behind `before` others in line can start, at the earliest, where nothing but the store decides; undefined where that is not known. */
  dateOf(before: number, now: number): number | undefined {
    const date = this.stock.dateOf(before, now);
    if (date !== undefined) return date;
    if (this.nextDate === Number.NEGATIVE_INFINITY) return undefined;
    return this.nextDate + (before - this.stock.size(now)) * this.terms.step;
  }

  /** How many tokens are kept in stock when nobody waits. */
  private kept(now: number): number {
    // Who starts one now and then would not use the next before it ends.
    const recent = this.recent.count(now);
    return recent < 2 ? 0 : Math.min(recent, Math.floor(this.terms.perHold));
  }

  /** How far in the future tokens may be dated: far enough for a few of each member, where they are far apart. */
  private ahead(waiting: number): number {
    const { hold, step } = this.terms;
    return waiting === 0 ? hold : Math.max(hold, 2 * (this.member.count ?? 1) * step);
  }

  private count({ waiting, wanted }: Demand, now: number): number {
    if (this.retryAt > now) return 0;
    const size = this.stock.size(now);
    const kept = this.kept(now);
    if (size >= waiting + wanted && size - waiting > kept / 2) return 0;
    const count = waiting + Math.max(kept, wanted) - size;
    if (count <= 0 || this.nextDate <= now) return Math.max(count, 0);
    const most = Math.max(1, Math.floor(this.ahead(waiting) / this.terms.step / (this.member.count ?? 1) / 2));
    const future = this.stock.future(now);
    return future > most / 2 ? 0 : Math.min(count, most - future);
  }

  /** Tokens of times to come for which nobody waits any more. Those of the near future serve who comes next. */
  private surplus(waiting: number, now: number): number {
    const { stock, terms } = this;
    return Math.max(0, Math.min(stock.future(now + terms.hold), stock.size(now) - waiting));
  }
}

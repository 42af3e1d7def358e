import { AnswerReader } from "../read-answer.ts";
import type { Member } from "../link/member.ts";
import type { TakeAnswer, TakeAsk } from "../store/store.ts";
import type { LocalBucket } from "./local-bucket.ts";
import type { RateTerms } from "./rate-terms.ts";
import { RecentStarts } from "./recent-starts.ts";
import { Stock } from "./stock.ts";

/** How many tokens are needed, and until when. */
export interface Demand {
  /** Callers in line. */
  readonly waiting: number;
  /** How many tokens are wanted for callers who do not wait in line. */
  readonly wanted: number;
  /** The latest deadline of the callers in line. */
  readonly patience: number;
  /** The rate while the store is down, whose starts the store is to count; undefined while it is up. */
  readonly local: LocalBucket | undefined;
  /** Whether the limit is closed: no caller is admitted, and all tokens are given back. */
  readonly closed: boolean;
}

/** The shortest pause before a store that granted too little is asked again, also where it says that it has more: ms. */
const shortestPause = 1;

/**
 * Decides how many tokens one member borrows, and when. It borrows one for each caller in line, and keeps as many in stock as calls started
 * in the last half `hold` in which there were tokens. It asks again when half of the stock is gone.
 *
 * Where the store's bucket is empty, the store gives tokens with future dates, and the member takes few of them at a time: at most half of
 * its part of what the store gives out in advance. Otherwise the member with the longest line would get all of them.
 */
export class Borrower {
  readonly stock: Stock = new Stock();
  /** The earliest date of the next token from the store; -Infinity where that is not known. */
  nextDate: number = Number.NEGATIVE_INFINITY;
  /** The earliest time at which the store can give another token. */
  retryAt: number = Number.NEGATIVE_INFINITY;
  private readonly terms: RateTerms;
  private readonly member: Member;
  private readonly recent: RecentStarts;
  /** Starts without a valid token that the store has not counted yet. */
  private lateStarts = 0;
  /** The part of {@link lateStarts} that the last question reports. */
  private posted = 0;
  /**
   * A question with starts that was not answered. The store may have counted them all the same, so it is asked again with its number until
   * it is answered: it counts a number once.
   */
  unheard: TakeAsk | undefined = undefined;

  constructor(terms: RateTerms, member: Member) {
    this.terms = terms;
    this.member = member;
    this.recent = new RecentStarts(terms.hold / 2);
  }

  /** A call starts. */
  started(now: number): void {
    this.recent.add(now);
  }

  /** A caller asks and finds no token. */
  refused(now: number): void {
    this.recent.refused(now);
  }

  /** A caller who found no token joins the line. */
  waits(): void {
    this.recent.waits();
  }

  /** Calls have started without a token. The last question has reported `posted` of them; the store counts the others with the next one. */
  owe(starts: number, posted = 0): void {
    this.lateStarts += starts;
    this.posted += posted;
  }

  /** Whether the stock is low, or there are starts to report. */
  isLow(now: number): boolean {
    if (this.lateStarts > 0) return true;
    const kept = this.kept(now);
    return kept > 0 && this.retryAt <= now && this.stock.size(now) <= kept / 2;
  }

  /** The next question; undefined where there is nothing to ask. */
  ask(demand: Demand, now: number): TakeAsk | undefined {
    const { limit, interval, storeBurst, fresh } = this.terms;
    const { waiting, closed, patience, local } = demand;
    if (this.unheard !== undefined) {
      // A store that has acted on it grants nothing.
      return { ...this.unheard, count: 0, debt: this.posted + (local?.reported(now) ?? 0) };
    }
    const ahead = Math.max(0, Math.min(this.ahead(waiting), patience - now));
    const count = closed ? 0 : this.count(demand, now);
    const surplus = closed ? this.stock.size(now) : this.surplus(waiting, now);
    const debt = this.lateStarts + Math.ceil(local?.owed(now) ?? 0);
    if (count === 0 && surplus === 0 && debt === 0) return undefined;
    const { unused, stamp } = this.stock.giveBack(surplus, now);
    // Tokens that were to be given back may have expired by now.
    if (count + debt + unused === 0) return undefined;
    this.posted = this.lateStarts;
    local?.post();
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

  /** Checks an answer. Throws where it is not of the right form. */
  read(answer: unknown, { count, ahead }: TakeAsk): TakeAnswer {
    const reader = new AnswerReader(answer);
    const granted = reader.whole("granted", count);
    return {
      granted,
      // A token with a date later than `ahead` would keep a caller waiting for as long as the store likes.
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
    this.unheard = undefined;
    this.stock.add({ granted, first, stamp, step, came: now, sent, hold });
    this.nextDate = now + first + granted * step;
    const pause = Math.max(this.nextDate - ahead, now + Math.max(Math.min(step, hold), shortestPause));
    this.retryAt = granted < count ? pause : Number.NEGATIVE_INFINITY;
  }

  /** The store did not answer: the dates of its tokens are unknown. */
  forget(): void {
    this.nextDate = Number.NEGATIVE_INFINITY;
    this.retryAt = Number.NEGATIVE_INFINITY;
  }

  /** The earliest start of the caller behind `before` others in line, by the store's tokens alone; undefined where that is not known. */
  dateOf(before: number, now: number): number | undefined {
    const date = this.stock.dateOf(before, now);
    if (date !== undefined) return date;
    if (this.nextDate === Number.NEGATIVE_INFINITY) return undefined;
    return this.nextDate + (before - this.stock.size(now)) * this.terms.step;
  }

  /** How many tokens are kept in stock when no caller waits. */
  private kept(now: number): number {
    // With a start only now and then, a token would expire before it is used.
    const recent = this.recent.count(now);
    return recent < 2 ? 0 : Math.min(recent, Math.floor(this.terms.perHold));
  }

  /** How far in the future tokens may be dated: with callers in line, far enough for two tokens of each member. */
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

  /** Tokens with future dates for which no caller waits any more. Those dated within `hold` are kept for the next callers. */
  private surplus(waiting: number, now: number): number {
    const { stock, terms } = this;
    return Math.max(0, Math.min(stock.future(now + terms.hold), stock.size(now) - waiting));
  }
}

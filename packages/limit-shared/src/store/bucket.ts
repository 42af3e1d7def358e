import { memberSpan } from "./member-span.ts";
import type { TakeAnswer, TakeAsk } from "./store.ts";

/** The longest time to live, about 126 years: ms. Servers refuse one that ends too far in the future. */
const longestTtl = 4e12;

/** The number of a member's last question, and when it came. */
interface Member {
  number: number;
  seen: number;
}

/**
 * The token bucket of `take`. The script of `redisStore` does the same operations in the same order, so that both give the same answers to
 * the last bit; a test compares them. Times are the store's.
 *
 * It is `TokenBucket` of `@sluice/limit` (GCRA, ITU-T I.371) with three additions.
 *
 * **Returned tokens.** A returned token must count as if it had never been taken, and a full bucket gains nothing. So the bucket takes back
 * no more tokens than it had room for at every moment since. `peak` is the most that it has held since `stamp`, `lastPeak` since
 * `lastStamp`: two periods, so that a peak is forgotten after the second.
 *
 * **A clock that steps back** (a failover to a machine whose clock is behind) would make all callers wait for that time again. So where
 * `now` is before the last question (`seen`), all dates move back with the clock.
 *
 * **Members that disagree.** The bucket gains by the terms of the last question until the next question. Then used tokens are carried over.
 */
export class Bucket {
  private readonly members = new Map<string, Member>();
  /** When expired members were last removed. */
  private looked: number;
  private seen: number;
  private limit: number;
  private interval: number;
  private burst: number;
  /** When the bucket was last known to be full; `starts` counts from then on, as in `TokenBucket`. */
  private since: number;
  private starts: number;
  private stamp: string;
  /** When the period of `stamp` began. */
  private began: number;
  private peak = 0;
  private lastStamp = "";
  private lastPeak = 0;

  constructor(ask: TakeAsk, now: number) {
    this.limit = ask.limit;
    this.interval = ask.interval;
    this.burst = ask.burst;
    this.since = now;
    this.starts = ask.fresh === "empty" ? ask.burst : 0;
    this.seen = now;
    this.looked = now;
    this.stamp = stampOf(now);
    this.began = now;
  }

  take(ask: TakeAsk, now: number): TakeAnswer {
    this.stepBack(now);
    const conflict = this.agree(ask, now);
    const known = this.members.get(ask.member);
    const isNew = known === undefined || ask.number > known.number;
    if (isNew) this.giveBack(ask, now);
    const wasFull = this.gained(this.starts) <= now;
    if (wasFull) this.fill(now);
    else this.passTime(now);
    const before = this.level(now);
    const debt = isNew ? ask.debt : 0;
    this.starts += debt;
    const first = this.gained(this.starts + 1 - this.burst) - now;
    const granted = isNew ? this.grant(ask, first) : 0;
    const after = before - debt - granted;
    // At the date of a future token the bucket may hold one whole token, which has to count for the peak.
    const least = granted > 0 && after < 0 && (granted > 1 || after < -1) ? 1 : 0;
    this.peak = Math.max(this.peak, wasFull ? after : before, least);
    const members = this.count(ask, now);
    return { granted, first, stamp: this.stamp, members, conflict };
  }

  /** Its time to live, in whole ms: after that the bucket is full, and no member counts any more. */
  ttl(ask: TakeAsk, now: number): number {
    const span = memberSpan(ask.interval) * 2;
    // A bucket that begins empty lives for at least a day: otherwise a caller that comes seldom would never have a burst.
    const idle = ask.fresh === "empty" ? Math.max(span, 86_400_000) : span;
    return Math.ceil(Math.min(Math.max(0, this.gained(this.starts) - now) + idle, longestTtl));
  }

  /** When `tokens` have been gained. */
  private gained(tokens: number): number {
    return this.since + (tokens * this.interval) / this.limit;
  }

  /** How many tokens it holds: below 0 where future tokens have been granted. */
  private level(now: number): number {
    return this.burst - this.starts + ((now - this.since) * this.limit) / this.interval;
  }

  private stepBack(now: number): void {
    const back = this.seen - now;
    if (back > 0) {
      this.since -= back;
      this.began -= back;
      this.looked -= back;
      for (const member of this.members.values()) member.seen -= back;
    }
    this.seen = now;
  }

  private agree(ask: TakeAsk, now: number): TakeAnswer["conflict"] {
    const { limit, interval, burst } = this;
    if (limit === ask.limit && interval === ask.interval && burst === ask.burst) return undefined;
    this.starts = Math.max(0, this.starts - ((now - this.since) * limit) / interval);
    this.since = now;
    this.limit = ask.limit;
    this.interval = ask.interval;
    this.burst = ask.burst;
    this.begin(now);
    this.peak = Math.max(0, this.level(now));
    return { limit, interval, burst };
  }

  private giveBack(ask: TakeAsk, now: number): void {
    const { unused, stamp } = ask;
    if (unused <= 0 || stamp === "" || (stamp !== this.stamp && stamp !== this.lastStamp)) return;
    const level = this.level(now);
    const room = Math.max(0, this.burst - Math.max(this.peak, this.lastPeak, level));
    const back = Math.min(unused, room);
    this.starts -= back;
    this.peak = Math.max(this.peak, level) + back;
    this.lastPeak += back;
  }

  /** A full bucket gains nothing: it counts from now on, and tokens that were granted before no longer fit in. */
  private fill(now: number): void {
    this.since = now;
    this.starts = 0;
    this.begin(now);
  }

  private begin(now: number): void {
    this.stamp = stampOf(now);
    this.began = now;
    this.peak = 0;
    this.lastStamp = "";
    this.lastPeak = 0;
  }

  private passTime(now: number): void {
    if (now - this.began < (this.burst * this.interval) / this.limit) return;
    this.lastStamp = this.stamp;
    this.lastPeak = Math.max(this.peak, this.level(now));
    this.stamp = stampOf(now);
    this.began = now;
    this.peak = 0;
  }

  private grant({ count, ahead }: TakeAsk, first: number): number {
    const upTo = Math.floor(((ahead - first) * this.limit) / this.interval) + 1;
    const granted = Math.max(0, Math.min(count, upTo));
    this.starts += granted;
    return granted;
  }

  private count(ask: TakeAsk, now: number): number {
    const known = this.members.get(ask.member);
    this.members.set(ask.member, { number: Math.max(ask.number, known?.number ?? 0), seen: now });
    const span = memberSpan(ask.interval);
    if (now - this.looked >= span) {
      this.looked = now;
      for (const [name, { seen }] of this.members) if (now - seen >= span) this.members.delete(name);
    }
    return this.members.size;
  }
}

/** Microseconds, as the server's time. */
function stampOf(now: number): string {
  return String(Math.floor(now * 1_000));
}

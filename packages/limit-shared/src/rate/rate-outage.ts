import { LocalBucket } from "./local-bucket.ts";
import type { Member } from "../link/member.ts";
import type { RateTerms } from "./rate-terms.ts";

/** Admits callers in one member while the store is down. Times are arguments, in milliseconds. */
export class RateOutage {
  private readonly terms: RateTerms;
  /** The bucket while the store is down; undefined while it is up. */
  local: LocalBucket | undefined = undefined;
  /** The number of the current or last outage. A permit of an earlier outage gives nothing back to this one. */
  number = 0;

  constructor(terms: RateTerms) {
    this.terms = terms;
  }

  /** Whether a caller without a token is refused. */
  get refuses(): boolean {
    return this.local !== undefined && this.terms.outage === "refuse";
  }

  /** The store is down. */
  begin({ count, hasKeys }: Member, now: number): void {
    const { outage, share = 1 / (count ?? 1), step, storeBurst, fresh } = this.terms;
    this.number++;
    const part = outage === "share" ? share : 1;
    this.local = new LocalBucket(step / part, Math.max(1, storeBurst * part), now);
    // Of many keys, most have not been used lately, and are not known here.
    if (hasKeys && fresh === "full") this.local.fillUp(now);
  }

  /** Admits a caller without a token, or returns false. */
  enter(now: number): boolean {
    const { local, terms } = this;
    return local !== undefined && (terms.outage === "allow" || (terms.outage === "share" && local.take(now)));
  }

  /** A permit of outage `number` is released unused. */
  leave(number: number): void {
    if (number === this.number) this.local?.putBack();
  }

  /** A call without a token starts. Returns false where the outage is over. */
  started(now: number): boolean {
    this.local?.started(now);
    return this.local !== undefined;
  }

  /** How many more callers it admits now. */
  available(now: number): number {
    const { local, terms } = this;
    if (local === undefined || terms.outage === "refuse") return 0;
    return terms.outage === "allow" ? Number.POSITIVE_INFINITY : local.available(now);
  }

  /** Whether it can be forgotten: a new one would admit no fewer callers, and report no fewer starts. */
  isIdle(now: number): boolean {
    const { local, terms } = this;
    if (local === undefined) return true;
    return local.owed(now) === 0 && (terms.outage !== "share" || local.isFull(now));
  }

  /** When the caller behind `before` others that have no token either is admitted, or refused. */
  dateOf(before: number, now: number): number {
    const { local, terms } = this;
    return local !== undefined && terms.outage === "share" ? local.earliest(Math.max(before, 0) + 1, now) : now;
  }
}

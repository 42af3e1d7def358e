import { LocalBucket } from "./local-bucket.ts";
import type { Member } from "../link/member.ts";
import type { RateTerms } from "./rate-terms.ts";

/** What one member lets in by itself while the store is down. Times are handed in, in milliseconds. */
export class RateOutage {
  private readonly terms: RateTerms;
  /** While the store is down. */
  private local: LocalBucket | undefined = undefined;
  /** Which outage it is, or was: what was let in by one gives nothing back to the next. */
  number = 0;
  /** What the question under way tells the store of. */
  private posted = 0;

  constructor(terms: RateTerms) {
    this.terms = terms;
  }

  /** Whether the store is down. */
  get isOn(): boolean {
    return this.local !== undefined;
  }

  /** Whether nobody is let in without a token. */
  get refuses(): boolean {
    return this.local !== undefined && this.terms.outage === "refuse";
  }

  /** The store is down. */
  begin({ count, hasKeys }: Member, now: number): void {
    const { outage, share = 1 / (count ?? 1), step, storeBurst, fresh } = this.terms;
    this.number++;
    const part = outage === "share" ? share : 1;
    this.local = new LocalBucket(step / part, Math.max(1, storeBurst * part), now);
    // Of many keys most have not been used for long, and are not known here at all.
    if (hasKeys && fresh === "full") this.local.fillUp(now);
  }

  /** What a question told the store of has not arrived, as far as is known. */
  unheard(): void {
    this.posted = 0;
  }

  /** The store has answered. Returns how many starts it has not been told of. */
  end(now: number): number {
    const untold = Math.ceil(this.owed(now) - this.posted);
    this.local = undefined;
    return Math.max(0, untold);
  }

  /** Whether a caller is let in now without a token. */
  enter(now: number): boolean {
    const { local, terms } = this;
    return local !== undefined && (terms.outage === "allow" || (terms.outage === "share" && local.take(now)));
  }

  /** One who was let in by outage `number` gives the permit back. */
  leave(number: number): void {
    if (number === this.number) this.local?.putBack();
  }

  /** One who was let in starts. False where the outage is over. */
  started(now: number): boolean {
    this.local?.started(now);
    return this.local !== undefined;
  }

  /** How many more are let in without a token. */
  available(now: number): number {
    const { local, terms } = this;
    if (local === undefined || terms.outage === "refuse") return 0;
    return terms.outage === "allow" ? Number.POSITIVE_INFINITY : local.available(now);
  }

  /** Whether one that begins anew would let in no fewer, and tell the store no less. */
  isIdle(now: number): boolean {
    const { local, terms } = this;
    if (local === undefined) return true;
    return local.owed(now) === 0 && (terms.outage !== "share" || local.isFull(now));
  }

  /** When the one behind `before` others is let in, at the latest; Infinity where nobody is that waits. */
  dateOf(before: number, now: number): number {
    const isShared = this.local !== undefined && this.terms.outage === "share";
    return isShared ? this.local!.earliest(before + 1, now) : Number.POSITIVE_INFINITY;
  }

  /** Starts that the store is to be told of. Not always a whole number. */
  owed(now: number): number {
    return this.local?.owed(now) ?? 0;
  }

  /** A question tells the store of what is owed. */
  post(now: number): void {
    this.posted = Math.ceil(this.owed(now));
  }
}

/**
 * The rate of one member while the store is down: a token bucket, empty at first. It also counts the starts that the store is to be told
 * of: those that a bucket of this rate would not have regained yet. Times are arguments, in milliseconds.
 */
export class LocalBucket {
  private readonly step: number;
  private readonly burst: number;
  /** When it began, or was last full. Gained and taken tokens are counted from then on. */
  private since: number;
  private taken = 0;
  private debt = 0;
  private debtAt: number;
  /** Starts since a question has reported those before. */
  private unposted = 0;

  /**
   * @param step how long a token takes to be gained, in milliseconds
   * @param burst the most tokens that it holds: 1 or more
   */
  constructor(step: number, burst: number, now: number) {
    this.step = step;
    this.burst = burst;
    this.since = now;
    this.debtAt = now;
  }

  /** When it holds `count` tokens: `now` or later. */
  earliest(count: number, now: number): number {
    this.fill(now);
    return Math.max(now, this.since + (this.taken + count) * this.step);
  }

  /** How many whole tokens it holds. */
  available(now: number): number {
    this.fill(now);
    return Math.max(0, Math.floor((now - this.since) / this.step - this.taken));
  }

  take(now: number): boolean {
    if (this.earliest(1, now) > now) return false;
    this.taken++;
    return true;
  }

  fillUp(now: number): void {
    this.since = now - (this.taken + this.burst) * this.step;
  }

  isFull(now: number): boolean {
    return now - (this.taken + this.burst) * this.step >= this.since;
  }

  putBack(): void {
    this.taken--;
  }

  /** A call starts that the store does not know of. */
  started(now: number): void {
    this.debt = Math.min(this.owed(now) + 1, this.burst);
    this.debtAt = now;
    this.unposted++;
  }

  /** How many starts the store is to be told of, at most `burst`. Not always a whole number. */
  owed(now: number): number {
    return Math.max(0, this.debt - (now - this.debtAt) / this.step);
  }

  /** A question reports all starts that are owed. */
  post(): void {
    this.unposted = 0;
  }

  /** How many of the owed starts the last question has reported, rounded up: they came first, and so are regained first. */
  reported(now: number): number {
    return Math.max(0, Math.ceil(this.owed(now) - this.unposted));
  }

  /** A full bucket gains nothing more. */
  private fill(now: number): void {
    const full = now - (this.taken + this.burst) * this.step;
    if (full > this.since) this.since = full;
  }
}

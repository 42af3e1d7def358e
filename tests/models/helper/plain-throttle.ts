export interface ThrottleRules {
  readonly k: number;
  readonly window: number;
  readonly minimumPerSecond: number;
  readonly max: number;
  /** The random number of the nth call that begins; undefined without `random`. */
  readonly dice: ((nth: number) => number) | undefined;
}

/** The number of buckets of the window. */
const parts = 30;

/** A throttle, as simple as possible: a list of outcomes, and a list of the shares of all callers. */
export class PlainThrottle {
  refused = 0;
  /** Admitted callers without an answer. */
  readonly inside: Set<number> = new Set();
  private readonly rules: ThrottleRules;
  private counted: { readonly part: number; readonly accepted: boolean }[] = [];
  /** The refused shares, with their caller where they may still be undone. */
  private readonly shares: Map<number, number> = new Map();
  /** The sum of the shares that were refused, or are too old. */
  private paid = 0;
  private thrown = 0;
  private part = 0;

  constructor(rules: ThrottleRules) {
    this.rules = rules;
  }

  /** Requests, accepted requests, the refused share, running calls, and refused calls. */
  get counters(): readonly number[] {
    return [this.requests, this.accepts, this.share, this.inside.size, this.refused];
  }

  /** Removes entries that are too old. */
  set now(now: number) {
    this.part = Math.floor((now * parts) / this.rules.window);
    this.counted = this.counted.filter(({ part }) => part > this.part - parts);
  }

  /** Whether a caller is admitted. */
  ask(who: number): boolean {
    if (this.inside.size === 0 && this.requests === 0) this.paid = this.owed;
    if (this.rules.dice === undefined) {
      this.shares.set(who, this.share);
      // Sums of fractions have a rounding error.
      if (this.owed - this.paid >= 1 - 1e-9) {
        this.paid++;
        this.refuse();
        return false;
      }
    }
    this.inside.add(who);
    return true;
  }

  /** It was never used. */
  cancel(who: number): void {
    this.inside.delete(who);
    this.shares.delete(who);
  }

  /** Whether a call may begin. */
  begins(): boolean {
    const { dice } = this.rules;
    if (dice === undefined || dice(this.thrown++) >= this.share) return true;
    this.refuse();
    return false;
  }

  answered(who: number, verdict: "accepted" | "refused" | "ignore"): void {
    this.inside.delete(who);
    if (verdict !== "ignore") this.count(verdict === "accepted");
  }

  private get owed(): number {
    return [...this.shares.values()].reduce((sum, share) => sum + share, 0);
  }

  private get requests(): number {
    return this.counted.length;
  }

  private get accepts(): number {
    return this.counted.filter(({ accepted }) => accepted).length;
  }

  private get share(): number {
    const { requests, accepts } = this;
    const { k, window, minimumPerSecond, max } = this.rules;
    if (requests * 1_000 < minimumPerSecond * window) return 0;
    return Math.min(max, Math.max(0, (requests - k * accepts) / (requests + 1)));
  }

  private refuse(): void {
    this.refused++;
    this.count(false);
  }

  private count(accepted: boolean): void {
    this.counted.push({ part: this.part, accepted });
  }
}

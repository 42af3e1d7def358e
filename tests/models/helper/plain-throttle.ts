export interface ThrottleRules {
  readonly k: number;
  readonly window: number;
  readonly minimumPerSecond: number;
  readonly max: number;
  /** Whether the nth call that begins is thrown for, and what it throws. */
  readonly dice: ((nth: number) => number) | undefined;
}

/** Into so many parts the window is divided. */
const parts = 30;

/** A throttle as plain as can be: a list of what was counted, and a list of the shares of all who have asked. */
export class PlainThrottle {
  refused = 0;
  /** Who was let in and has no answer. */
  readonly inside: Set<number> = new Set();
  private readonly rules: ThrottleRules;
  private counted: { readonly part: number; readonly accepted: boolean }[] = [];
  /** The shares that were to be refused of those who asked: by whom, where it may still be undone. */
  private readonly shares: Map<number, number> = new Map();
  /** How much of the shares was refused, or is too old. */
  private paid = 0;
  private thrown = 0;
  private part = 0;

  constructor(rules: ThrottleRules) {
    this.rules = rules;
  }

  /** Requests, those that were accepted, the share that is refused, who is inside, and how many were refused. */
  get counters(): readonly number[] {
    return [this.requests, this.accepts, this.share, this.inside.size, this.refused];
  }

  /** What is too old is forgotten. */
  set now(now: number) {
    this.part = Math.floor((now * parts) / this.rules.window);
    this.counted = this.counted.filter(({ part }) => part > this.part - parts);
  }

  /** Whether somebody is let in. */
  ask(who: number): boolean {
    if (this.inside.size === 0 && this.requests === 0) this.paid = this.owed;
    if (this.rules.dice === undefined) {
      this.shares.set(who, this.share);
      // Sums of fractions are off by a rounding.
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

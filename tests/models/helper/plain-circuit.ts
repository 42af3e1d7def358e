import { type News, PlainGate } from "./plain-gate.ts";

export interface CircuitRules {
  readonly window: { readonly time: number; readonly buckets: number } | { readonly calls: number };
  readonly failureRatio: number;
  readonly minimumCalls: number;
  readonly consecutive: number;
  /** Infinity: no call is slow. */
  readonly slowCall: number;
  readonly slowRatio: number;
  readonly probes: number;
  readonly waits: boolean;
  /** The length of the nth break without recovery. */
  readonly breakFor: (nth: number) => number;
}

/** The recorded outcome of a call. */
interface Counted {
  readonly bucket: number;
  readonly slow: boolean;
  share: number;
}

/** An admitted call. */
interface Let {
  readonly era: number;
  since: number;
  begun: boolean;
  counted: Counted | undefined;
}

/** A circuit, as simple as possible: a list of admitted calls without an answer, and a window that is a list of outcomes. */
export class PlainCircuit extends PlainGate {
  state: "closed" | "open" | "half-open" | "isolated" = "closed";
  opened = 0;
  refused = 0;
  /** The caller whose failure has opened it. */
  cause: number | undefined;
  /** The deadlines of waiting callers. */
  readonly deadlines: Map<number, number> = new Map();
  /** Callers that were refused in line, and how. */
  readonly refusals: Map<number, string> = new Map();
  private readonly rules: CircuitRules;
  private readonly calls: Map<number, Let> = new Map();
  private era = 0;
  private until = 0;
  private breaks = 0;
  private longest = 0;
  private streak = 0;
  private succeeded = 0;
  private lastFailure: number | undefined;
  private noticed = false;
  private counted: Counted[] = [];
  private latest = Number.NEGATIVE_INFINITY;

  constructor(rules: CircuitRules, news: News) {
    super(Number.POSITIVE_INFINITY, news);
    this.rules = rules;
  }

  override get room(): number {
    if (this.state === "closed") return Number.POSITIVE_INFINITY;
    return this.state === "half-open" ? this.rules.probes - this.current.length - this.succeeded : 0;
  }

  /** Calls, failures and slow calls, and then the numbers of running, waiting and refused calls. */
  override get counters(): readonly number[] {
    if (this.state === "closed") this.notice();
    const { calls, failures, slow } = this.ratios();
    return [calls, failures, slow, this.inside.size, this.line.length, this.opened, this.refused];
  }

  /** The remaining milliseconds of the break. */
  get retryAfter(): number | undefined {
    return this.state === "open" ? Math.max(this.until - this.now, 0) : undefined;
  }

  /** Whether there is a timer: for waiting callers that time can help. */
  get armed(): boolean {
    return this.line.length > 0 && this.due < Number.POSITIVE_INFINITY;
  }

  override take(who: number): boolean {
    if (this.blocked) return false;
    this.advance();
    if (this.room <= 0) return false;
    this.letIn(who);
    return true;
  }

  /** Waits, or returns why it cannot. */
  queue(who: number): string | undefined {
    if (this.isTooLate(who)) return this.refuse();
    this.join(who);
    this.serve();
    return undefined;
  }

  /** The refusal of a caller. */
  refuse(): string {
    this.refused++;
    return `circuit ${this.state}, ${this.retryAfter}, ${this.cause}`;
  }

  /** A call begins. */
  begin(who: number): void {
    const call = this.calls.get(who)!;
    call.since = this.now;
    call.begun = true;
  }

  /** A call ends before it began, or a caller leaves the line. */
  override leave(who: number): void {
    const at = this.line.indexOf(who);
    if (at >= 0) this.line.splice(at, 1);
    this.inside.delete(who);
    this.calls.delete(who);
    this.serve();
  }

  /** Whether its outcome counts, and how long the call has taken. */
  elapsed(who: number): number | undefined {
    const call = this.calls.get(who)!;
    return call.era === this.era ? this.now - call.since : undefined;
  }

  /** @param share the failure value; undefined where it is ignored */
  end(who: number, share: number | undefined): void {
    const call = this.calls.get(who)!;
    if (this.state === "closed") this.notice();
    this.inside.delete(who);
    this.calls.delete(who);
    if (call.era === this.era) this.count(who, call, share);
    this.serve();
  }

  open(length?: number): void {
    this.trip(this.state === "open" ? this.cause : undefined, length);
    this.serve();
  }

  close(): void {
    this.recover();
    this.serve();
  }

  isolate(): void {
    this.cause = undefined;
    this.enter("isolated");
    this.serve();
  }

  override serve(): void {
    if (this.line.length === 0) return;
    this.advance();
    while (this.line.length > 0 && this.room > 0) {
      const [first] = this.line;
      this.letIn(first!);
      this.serveFirst();
    }
    for (const late of this.line.filter((who) => this.isTooLate(who))) {
      this.line.splice(this.line.indexOf(late), 1);
      this.refusals.set(late, this.refuse());
    }
  }

  private get current(): readonly Let[] {
    return [...this.calls.values()].filter(({ era }) => era === this.era);
  }

  /** When time changes the state, without other events. */
  private get due(): number {
    if (this.state === "open") return this.until;
    if (this.state !== "half-open") return Number.POSITIVE_INFINITY;
    const { longest } = this;
    const { slowCall } = this.rules;
    return Math.min(...this.current.map(({ since, begun }) => since + (begun ? Math.min(longest, slowCall) : longest)));
  }

  private letIn(who: number): void {
    this.inside.set(who, this.now);
    this.calls.set(who, { era: this.era, since: this.now, begun: false, counted: undefined });
  }

  private advance(): void {
    if (this.state === "open" && this.until <= this.now) this.enter("half-open");
    else if (this.state === "half-open" && this.due <= this.now) this.trip(this.cause);
    else if (this.state === "closed") {
      this.notice();
      if (this.noticed) this.judge();
    }
  }

  private count(who: number, { since, counted }: Let, share: number | undefined): void {
    const { failureRatio, slowCall, probes, consecutive } = this.rules;
    const failed = share !== undefined && share >= failureRatio;
    if (share !== undefined && share > 0) this.lastFailure = who;
    if (this.state === "half-open") {
      if (failed) this.trip(this.lastFailure);
      else if (since + slowCall <= this.now) this.trip(this.cause);
      else if (share !== undefined && ++this.succeeded === probes) this.recover();
      return;
    }
    if (share === undefined && !this.noticed) return;
    if (share !== undefined) {
      this.ratios();
      if (counted === undefined) this.add(this.now, share, false);
      else if (share > 0 && this.counted.includes(counted)) counted.share = share;
      else if (share > 0) this.add(this.now, share, true);
      this.streak = failed ? this.streak + 1 : 0;
    }
    if (this.streak >= consecutive) this.trip(this.lastFailure);
    else this.judge();
  }

  /** Calls that have become slow are counted, also while they run. */
  private notice(): void {
    const slow = this.current.filter(
      ({ begun, counted, since }) => begun && counted === undefined && since + this.rules.slowCall <= this.now,
    );
    for (const call of slow.sort((one, other) => one.since - other.since)) {
      call.counted = this.add(call.since + this.rules.slowCall, 0, true);
      this.noticed = true;
    }
  }

  private judge(): void {
    this.noticed = false;
    const { calls, failures, slow } = this.ratios();
    const { minimumCalls, failureRatio, slowRatio } = this.rules;
    if (calls < minimumCalls) return;
    if (failures / calls >= failureRatio) this.trip(this.lastFailure);
    else if (slow / calls >= slowRatio) this.trip(undefined);
  }

  private trip(cause: number | undefined, length: number = this.rules.breakFor(this.breaks++)): void {
    this.cause = cause;
    this.longest = Math.max(this.longest, length);
    this.until = this.now + length;
    this.enter("open");
  }

  private recover(): void {
    this.breaks = this.longest = 0;
    this.cause = this.lastFailure = undefined;
    this.enter("closed");
  }

  private enter(state: PlainCircuit["state"]): void {
    this.era++;
    this.streak = this.succeeded = 0;
    this.noticed = false;
    this.counted = [];
    if (state === "open" && this.state !== "open") this.opened++;
    this.state = state;
  }

  private isTooLate(who: number): boolean {
    return this.state === "open" && this.until > (this.deadlines.get(who) ?? Number.POSITIVE_INFINITY);
  }

  private add(time: number, share: number, slow: boolean): Counted {
    this.moveTo(time);
    const counted = { bucket: this.latest, slow, share };
    this.counted.push(counted);
    const { window } = this.rules;
    if ("calls" in window) this.counted = this.counted.slice(-window.calls);
    return counted;
  }

  private ratios(): { readonly calls: number; readonly failures: number; readonly slow: number } {
    this.moveTo(this.now);
    const { counted } = this;
    const failures = counted.reduce((sum, { share }) => sum + share, 0);
    return { calls: counted.length, failures, slow: counted.filter(({ slow }) => slow).length };
  }

  /** Removes entries that are too old. */
  private moveTo(time: number): void {
    const { window } = this.rules;
    if (!("time" in window)) return;
    this.latest = Math.max(this.latest, Math.floor((time * window.buckets) / window.time));
    this.counted = this.counted.filter(({ bucket }) => bucket > this.latest - window.buckets);
  }
}

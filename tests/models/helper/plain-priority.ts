import { type News, PlainGate } from "./plain-gate.ts";

export interface PriorityRules {
  readonly levels: number;
  readonly share: number;
  readonly maxWaiting: number;
  readonly codel: { readonly target: number; readonly interval: number } | undefined;
  readonly order: "fifo" | "adaptive-lifo";
}

interface Counts {
  granted: number;
  refused: number;
}

/** A gate whose line is by priority, as simple as possible: an array that is searched each time. */
export class PlainPriority extends PlainGate {
  /** Callers that were refused, and do not know of it yet. */
  readonly refused: number[] = [];
  private readonly rules: PriorityRules;
  /** The default level of each caller. */
  private readonly levelOf: (who: number) => number;
  private readonly counts: readonly Counts[];
  private readonly since: Map<number, number> = new Map();
  private busySince: number | undefined;
  private turns = 0;
  private given = 0;

  constructor(max: number, rules: PriorityRules, levelOf: (who: number) => number, news: News) {
    super(max, news);
    this.rules = rules;
    this.levelOf = levelOf;
    this.counts = Array.from({ length: rules.levels }, () => ({ granted: 0, refused: 0 }));
  }

  override get counters(): readonly number[] {
    const levels = this.counts.flatMap(({ granted, refused }, level) => [this.of(level).length, granted, refused]);
    return [...super.counters, ...levels];
  }

  override join(who: number): void {
    const { line, rules } = this;
    const level = this.levelOf(who);
    if (line.length >= rules.maxWaiting) {
      const least = Math.max(-1, ...line.map((each) => this.levelOf(each)));
      this.refuse(least > level ? this.of(least).at(-1)! : who, least > level ? least : level);
      if (least <= level) return;
    }
    line.push(who);
    this.since.set(who, this.now);
    this.busySince ??= this.now;
  }

  override leave(who: number): void {
    super.leave(who);
    this.rest();
  }

  /** Time passes, and a timer rings. */
  ring(): void {
    this.refuseLate(0);
    this.rest();
  }

  protected override get blocked(): boolean {
    return this.hasNews;
  }

  override take(who: number): boolean {
    if (this.line.some((each) => this.levelOf(each) <= this.levelOf(who))) return false;
    return super.take(who);
  }

  protected override serveFirst(): void {
    this.refuseLate(1);
    const [first] = this.line.map((who) => this.levelOf(who)).sort((one, other) => one - other);
    const behind = this.line.find((who) => this.levelOf(who) > first!);
    const theirs = behind !== undefined && this.isTheirs();
    const served = this.of(first!);
    const newest = this.rules.order === "adaptive-lifo" && this.isOverloaded;
    const next = theirs ? behind : newest ? served.at(-1)! : served[0]!;
    this.counts[this.levelOf(next)]!.granted++;
    this.line.splice(this.line.indexOf(next), 1);
    this.line.unshift(next);
    super.serveFirst();
    this.rest();
  }

  private get isOverloaded(): boolean {
    return this.busySince !== undefined && this.busySince + (this.rules.codel?.interval ?? 100) <= this.now;
  }

  /** Of any k turns ⌊k · share⌋ go to lower levels. */
  private isTheirs(): boolean {
    const owed = Math.floor(++this.turns * this.rules.share + 1e-9);
    if (owed === this.given) return false;
    this.given++;
    return true;
  }

  private of(level: number): readonly number[] {
    return this.line.filter((who) => this.levelOf(who) === level);
  }

  private refuseLate(spared: number): void {
    const { codel, levels } = this.rules;
    if (codel === undefined) return;
    const overloaded = this.isOverloaded;
    for (let level = levels - 1; level >= 0; level--) {
      const target = codel.target * 2 ** (levels - 1 - level);
      const patience = overloaded ? target : Math.max(codel.interval, target);
      for (const who of this.of(level)) {
        if (this.line.length > spared && this.since.get(who)! + patience <= this.now) this.refuse(who, level);
      }
    }
  }

  private refuse(who: number, level: number): void {
    this.counts[level]!.refused++;
    const at = this.line.indexOf(who);
    if (at >= 0) this.line.splice(at, 1);
    this.refused.push(who);
  }

  /** An empty line ends the overload. */
  private rest(): void {
    if (this.line.length === 0) this.busySince = undefined;
  }
}

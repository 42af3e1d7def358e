/** Callers that were served from a line in this turn: they are admitted, and do not know of it yet. No later caller overtakes them. */
export type News = { readonly gate: PlainGate; readonly who: number }[];

/** Served callers move on by `move`, and the callers behind them are considered; false when none was served. */
export function tellAll(news: News, move: (who: number, gate: PlainGate) => void): boolean {
  const told = [...news];
  for (const { who, gate } of told) {
    news.shift();
    move(who, gate);
  }
  for (const { gate } of told) gate.serve();
  return told.length > 0;
}

/** A gate, as simple as possible: the admitted callers with their times, and the waiting callers. */
export class PlainGate {
  max: number;
  now = 0;
  readonly inside: Map<number, number> = new Map();
  readonly line: number[] = [];
  private readonly news: News;

  /** @param news shared by gates whose notifications have one order */
  constructor(max: number, news: News = []) {
    this.max = max;
    this.news = news;
  }

  /** How many more callers it may admit. */
  get room(): number {
    return this.max - this.inside.size;
  }

  /** Whether a newcomer must wait for earlier callers. */
  protected get blocked(): boolean {
    return this.line.length > 0 || this.hasNews;
  }

  /** Whether a caller was served, and does not know of it yet. */
  protected get hasNews(): boolean {
    return this.news.some(({ gate }) => gate === this);
  }

  /** Admits a caller now, or returns false. */
  take(who: number): boolean {
    if (this.blocked || this.room <= 0) return false;
    this.inside.set(who, this.now);
    return true;
  }

  join(who: number): void {
    this.line.push(who);
  }

  /** Leaves the gate or the line. */
  leave(who: number): void {
    const at = this.line.indexOf(who);
    if (at >= 0) this.line.splice(at, 1);
    if (this.inside.delete(who) || at >= 0) this.serve();
  }

  serve(): void {
    while (this.line.length > 0 && this.room > 0) this.serveFirst();
  }

  protected serveFirst(): void {
    const who = this.line.shift()!;
    this.inside.set(who, this.now);
    this.news.push({ gate: this, who });
  }

  /** Active, waiting, available and oldest, as a limit counts them. */
  get counters(): readonly number[] {
    const [since = this.now] = this.inside.values();
    return [this.inside.size, this.line.length, Math.max(this.room, 0), this.now - since];
  }
}

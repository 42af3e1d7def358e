/** Who was served from a line in this turn: they are inside, and do not know of it yet. Nobody who comes later passes them. */
export type News = { readonly gate: PlainGate; readonly who: number }[];

/** Those served move on, each as `move` says, and those behind them are looked at; false when nobody was served. */
export function tellAll(news: News, move: (who: number, gate: PlainGate) => void): boolean {
  const told = [...news];
  for (const { who, gate } of told) {
    news.shift();
    move(who, gate);
  }
  for (const { gate } of told) gate.serve();
  return told.length > 0;
}

/** A gate as plain as can be: who is inside since when, and who waits. */
export class PlainGate {
  max: number;
  now = 0;
  readonly inside: Map<number, number> = new Map();
  readonly line: number[] = [];
  private readonly news: News;

  /** @param news shared by gates that are told of in one order */
  constructor(max: number, news: News = []) {
    this.max = max;
    this.news = news;
  }

  /** How many more may be inside. */
  get room(): number {
    return this.max - this.inside.size;
  }

  /** Whether a newcomer must wait for those who came before. */
  protected get blocked(): boolean {
    return this.line.length > 0 || this.hasNews;
  }

  /** Whether somebody was served, and does not know of it yet. */
  protected get hasNews(): boolean {
    return this.news.some(({ gate }) => gate === this);
  }

  /** In now, or not. */
  take(who: number): boolean {
    if (this.blocked || this.room <= 0) return false;
    this.inside.set(who, this.now);
    return true;
  }

  join(who: number): void {
    this.line.push(who);
  }

  /** Leaves, from wherever: the place, or the line. */
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

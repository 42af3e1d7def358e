/** A gate as plain as can be: who is inside since when, and who waits. */
export class PlainGate {
  max: number;
  now = 0;
  readonly inside: Map<number, number> = new Map();
  readonly line: number[] = [];
  /** Served from the line in this turn: they are inside, and do not know of it yet. Nobody who comes later passes them. */
  readonly served: number[] = [];

  constructor(max: number) {
    this.max = max;
  }

  /** How many more may be inside. */
  get room(): number {
    return this.max - this.inside.size;
  }

  /** In now, or not. */
  take(who: number): boolean {
    if (this.line.length > 0 || this.served.length > 0 || this.room <= 0) return false;
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
    this.served.push(who);
  }

  /** Those served move on, each as `move` says, and those behind them are looked at; false when nobody was served. */
  tell(move: (who: number) => void): boolean {
    const served = this.served.splice(0);
    if (served.length === 0) return false;
    served.forEach(move);
    this.serve();
    return true;
  }

  /** Active, waiting, available and oldest, as a limit counts them. */
  get counters(): readonly number[] {
    const [since = this.now] = this.inside.values();
    return [this.inside.size, this.line.length, Math.max(this.room, 0), this.now - since];
  }
}

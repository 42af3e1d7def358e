/** The highest recent value, in constant memory: of the current span of time and the one before. */
export class RecentPeak {
  private readonly span: number;
  private began: number = Number.NEGATIVE_INFINITY;
  private current = 0;
  private before = 0;

  /** @param span ms */
  constructor(span: number) {
    this.span = span;
  }

  add(value: number, now: number): void {
    this.advance(now);
    this.current = Math.max(this.current, value);
  }

  at(now: number): number {
    this.advance(now);
    return Math.max(this.current, this.before);
  }

  private advance(now: number): void {
    if (now < this.began + this.span) return;
    this.before = now < this.began + 2 * this.span ? this.current : 0;
    this.current = 0;
    this.began = now;
  }
}

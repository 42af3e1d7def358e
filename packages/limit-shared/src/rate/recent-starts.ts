/**
 * How many calls start in a span of time where there is a token for each, in constant memory: in the current span, and in the one before it.
 *
 * Who is refused is not counted: some wait instead, and ask twice for one token, and others ask over and over until they have it. The time
 * after a refusal does not pass here instead, until the next one asks: what starts while there are tokens says how many would have started.
 * So much of it is left out at the most as a `span`, for somebody has to ask, or all is forgotten.
 */
export class RecentStarts {
  private readonly span: number;
  private began: number = Number.NEGATIVE_INFINITY;
  private current = 0;
  private before = 0;
  /** When somebody was refused, where nobody has started since. */
  private refusedAt: number | undefined = undefined;

  /** @param span ms */
  constructor(span: number) {
    this.span = span;
  }

  add(now: number): void {
    if (this.refusedAt !== undefined) this.goOn(now);
    this.advance(now);
    this.current++;
  }

  /** One who asks now is refused. */
  refused(now: number): void {
    this.goOn(now);
    this.advance(now);
    this.refusedAt = now;
  }

  /** One who was refused waits instead: what starts from now on is all that is wanted. */
  waits(): void {
    this.refusedAt = undefined;
  }

  /** The starts of one span, lately: those of the fuller of the two. */
  count(now: number): number {
    this.advance(now - this.leftOut(now));
    return Math.max(this.current, this.before);
  }

  private leftOut(now: number): number {
    return this.refusedAt === undefined ? 0 : Math.min(Math.max(0, now - this.refusedAt), this.span);
  }

  private goOn(now: number): void {
    this.began += this.leftOut(now);
    this.refusedAt = undefined;
  }

  private advance(now: number): void {
    if (now < this.began + this.span) return;
    this.before = now < this.began + 2 * this.span ? this.current : 0;
    this.current = 0;
    this.began = now;
  }
}

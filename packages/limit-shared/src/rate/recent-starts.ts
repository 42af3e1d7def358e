/**
 * Counts how many calls start in a span of time in which there is a token for each, in constant memory: in the current span and the one
 * before.
 *
 * Refused callers are not counted: some then wait and so ask twice for one token, and others ask repeatedly. Instead, the time from a
 * refusal until the next caller is left out, at most one `span` of it, so that the count measures only times in which there were tokens.
 */
export class RecentStarts {
  private readonly span: number;
  private began: number = Number.NEGATIVE_INFINITY;
  private current = 0;
  private before = 0;
  /** When a caller was refused; undefined where a call has started since. */
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

  /** A caller is refused. */
  refused(now: number): void {
    this.goOn(now);
    this.advance(now);
    this.refusedAt = now;
  }

  /** The refused caller waits in line, so time counts again. */
  waits(): void {
    this.refusedAt = undefined;
  }

  /** The starts in one span: of the current or the one before, whichever has more. */
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

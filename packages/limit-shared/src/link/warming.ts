/** The promises of `warm` and `close`. Each resolves when a question that was sent on its behalf has been answered, or has failed. */
export class Warming {
  private waiting: (() => void)[] = [];
  private under: (() => void)[] = [];
  private most = 0;

  /** The largest number of permits that is asked for. */
  get count(): number {
    return this.most;
  }

  join(count: number): Promise<void> {
    this.most = Math.max(this.most, count);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  /** A question is sent for all who have joined. With `again` they wait on, until there is no question left to send. */
  asked(again: boolean): void {
    this.most = 0;
    if (again) return;
    this.under.push(...this.waiting);
    this.waiting = [];
  }

  /** The question has been answered, or has failed. */
  answered(): void {
    resolveAll(this.under);
    this.under = [];
  }

  /** There is no question to send, or the store may not be asked now. */
  over(): void {
    this.most = 0;
    resolveAll(this.waiting);
    this.waiting = [];
  }
}

function resolveAll(waiting: readonly (() => void)[]): void {
  for (const resolve of waiting) resolve();
}

/** Those who wait for what a limit borrows, and for what it gives back: until a question that speaks for them has been answered, or has failed. */
export class Warming {
  private waiting: (() => void)[] = [];
  private under: (() => void)[] = [];
  private most = 0;

  /** How much they want to be there, all together. */
  get count(): number {
    return this.most;
  }

  join(count: number): Promise<void> {
    this.most = Math.max(this.most, count);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  /** A question is sent that speaks for all who have joined, unless `again`: then they wait until there is none left to be asked. */
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

  /** There is nothing to ask, or nobody who could be asked. */
  over(): void {
    this.most = 0;
    resolveAll(this.waiting);
    this.waiting = [];
  }
}

function resolveAll(waiting: readonly (() => void)[]): void {
  for (const resolve of waiting) resolve();
}

/** So many at once, each for so long; the others wait in a queue without a bound, as in most servers. */
export class Workers {
  private readonly count: number;
  private readonly ms: number;
  private readonly queue: (() => void)[] = [];
  private busy = 0;
  private factor = 1;

  constructor(count: number, ms: number) {
    this.count = count;
    this.ms = ms;
  }

  do(done: () => void): void {
    if (this.busy < this.count) this.start(done);
    else this.queue.push(done);
  }

  pace(factor: number): void {
    this.factor = factor;
  }

  load(): { active: number; queued: number } {
    return { active: this.busy, queued: this.queue.length };
  }

  private start(done: () => void): void {
    this.busy++;
    setTimeout(() => {
      this.busy--;
      const next = this.queue.shift();
      if (next !== undefined) this.start(next);
      done();
    }, this.ms * this.factor);
  }
}

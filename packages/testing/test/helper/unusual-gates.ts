import { type Gate, type Lease, type ReadyOptions, Semaphore } from "@sluice/core";

/** A limit whose places are kept elsewhere, so that nobody knows at once whether one is free. */
export class DistributedLimit implements Gate<unknown> {
  private readonly elsewhere: Semaphore;

  constructor(max: number) {
    this.elsewhere = new Semaphore(max);
  }

  tryAcquire(): undefined {
    return undefined;
  }

  async acquire(options?: ReadyOptions<unknown>): Promise<Lease> {
    // There, and back again.
    for (let hop = 0; hop < 3; hop++) await Promise.resolve();
    return this.elsewhere.acquire(options);
  }
}

/** So many places, and those who ask with the greatest number go first; among equals, who came first. */
export class PriorityGate implements Gate<number> {
  private free: number;
  private moving = 0;
  private readonly lines: Map<number, Set<(lease: Lease) => void>> = new Map();

  constructor(max: number) {
    this.free = max;
  }

  tryAcquire(request = 0): Lease | undefined {
    const urgent = [...this.lines].some(([priority, line]) => priority >= request && line.size > 0);
    return urgent || this.moving > 0 || this.free === 0 ? undefined : this.take();
  }

  acquire({ request = 0, signal }: ReadyOptions<number> = {}): Promise<Lease> {
    const line = this.lines.get(request) ?? new Set();
    this.lines.set(request, line);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        line.delete(grant);
        reject(signal?.reason);
        this.serve();
      };
      const grant = (lease: Lease): void => {
        signal?.removeEventListener("abort", leave);
        resolve(lease);
      };
      line.add(grant);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  private take(): Lease {
    this.free--;
    const giveBack = (): void => {
      this.free++;
      this.serve();
    };
    return { cancel: giveBack, finish: giveBack };
  }

  private serve(): void {
    for (const [, line] of [...this.lines].sort(([a], [b]) => b - a)) {
      for (const grant of line) {
        if (this.free === 0) return;
        line.delete(grant);
        this.moving++;
        grant(this.take());
        void Promise.resolve().then(() => {
          this.moving--;
          this.serve();
        });
      }
    }
  }
}

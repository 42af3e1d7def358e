import type { Clock, Gate, Lease } from "@sluice/core";

/** So many starts in a while, and nobody waits for more: they are refused. */
export class Quota implements Gate<unknown> {
  private starts: number[] = [];
  private readonly max: number;
  private readonly interval: number;
  private readonly clock: Clock;

  constructor(max: number, interval: number, clock: Clock) {
    this.max = max;
    this.interval = interval;
    this.clock = clock;
  }

  tryAcquire(): Lease | undefined {
    const now = this.clock.now();
    this.starts = this.starts.filter((start) => start > now - this.interval);
    if (this.starts.length === this.max) return undefined;
    this.starts.push(now);
    return {
      cancel: () => {
        const at = this.starts.indexOf(now);
        if (at >= 0) this.starts.splice(at, 1);
      },
      finish() {},
    };
  }

  acquire(): Promise<Lease> {
    const lease = this.tryAcquire();
    return lease === undefined ? Promise.reject(new Error("out of quota")) : Promise.resolve(lease);
  }
}

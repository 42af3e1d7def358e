import { OverloadedError } from "@sluice/core";
import type { VirtualClock } from "@sluice/testing";

/** Numbers from 0 to below 1, the same each time: mulberry32, by Tommy Ettinger (public domain). */
export function numbersFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A server: so many workers of 16 to 24 ms a call behind a queue of its own, which refuses above `maxQueue`. */
export class WorkerPool {
  workers: number;
  served = 0;
  /** How long the calls that were served took in here, in all. */
  latency = 0;
  private busy = 0;
  private readonly queue: (() => void)[] = [];
  private readonly clock: VirtualClock;
  private readonly random: () => number;
  private readonly maxQueue: number;

  constructor(clock: VirtualClock, workers: number, maxQueue: number = Number.POSITIVE_INFINITY) {
    this.clock = clock;
    this.workers = workers;
    this.maxQueue = maxQueue;
    this.random = numbersFrom(1);
  }

  readonly serve = (): Promise<void> => {
    const since = this.clock.now();
    if (this.busy >= this.workers && this.queue.length >= this.maxQueue) {
      return Promise.reject(new OverloadedError("server"));
    }
    return new Promise((resolve) => {
      this.queue.push(() => {
        this.served++;
        this.latency += this.clock.now() - since;
        resolve();
      });
      this.next();
    });
  };

  private next(): void {
    while (this.busy < this.workers) {
      const answer = this.queue.shift();
      if (answer === undefined) return;
      this.busy++;
      this.clock.setTimeout(
        () => {
          this.busy--;
          answer();
          this.next();
        },
        16 + this.random() * 8,
      );
    }
  }
}

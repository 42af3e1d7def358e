import { randomFrom } from "@sluice/test-kit";
import { OverloadedError } from "@sluice/core";
import type { VirtualClock } from "@sluice/testing";

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
    this.random = randomFrom(1);
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

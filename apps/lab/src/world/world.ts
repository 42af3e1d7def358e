import { VirtualClock } from "@sluice/testing";
import { randomFrom } from "@sluice/test-kit/random";

/** What a simulation happens in: virtual time, and numbers that are random and the same in each run. Times are in milliseconds. */
export class World {
  readonly clock: VirtualClock = new VirtualClock();
  /** Numbers from 0 to below 1. */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  get now(): number {
    return this.clock.now();
  }

  /** Waits. An abort of `signal` ends the wait at once, with its reason. */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const abort = () => {
        this.clock.clearTimeout(timer);
        reject(signal!.reason as Error);
      };
      const timer = this.clock.setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** A number between two, each as likely as the other. */
  between(least: number, most: number): number {
    return least + this.random() * (most - least);
  }

  /** A number that is exponentially distributed. */
  exponential(mean: number): number {
    return -Math.log(1 - this.random()) * mean;
  }

  /** Calls `arrive` at random times, so many times a second on average (a Poisson process), until a point in time. Nobody waits for answers. */
  async arrivals(perSecond: number, until: number, arrive: () => void): Promise<void> {
    for (;;) {
      const gap = this.exponential(1_000 / perSecond);
      if (this.now + gap >= until) break;
      await this.pause(gap);
      arrive();
    }
    await this.pause(until - this.now);
  }

  /** Calls `look` every `ms`, until a point in time. */
  async every(ms: number, until: number, look: () => void): Promise<void> {
    while (this.now + ms <= until) {
      await this.pause(ms);
      look();
    }
  }
}

/**
 * Runs a program in virtual time: each time nothing else is left to do, the clock goes on to the next timer. Ends when no timer is left, so
 * that work which outlives the program ends too.
 *
 * @throws Error when the program waits for what no timer will bring
 */
export async function simulate<T>(run: (world: World) => Promise<T>, seed = 1): Promise<T> {
  const world = new World(seed);
  const program = { ended: false, failed: false };
  const result = run(world);
  result.then(
    () => (program.ended = true),
    () => (program.failed = true),
  );
  // A failure ends it, whatever is armed.
  do await world.clock.advanceAsync((world.clock.next ?? 0) + 1_000);
  while (world.clock.next !== undefined && !program.failed);
  if (program.ended || program.failed) return result;
  throw new Error(`The simulation waits for something that no timer brings, at ${world.now} ms.`);
}

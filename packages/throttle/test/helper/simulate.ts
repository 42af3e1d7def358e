import { OverloadedError, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { throttle, type ThrottleLayer, type ThrottleOptions } from "../../src/index.ts";

/** What a backend has seen, and what became of callers. */
export interface Counts {
  /** Those that the backend took. */
  taken: number;
  /** Those that the backend refused. */
  refusedThere: number;
  /** Those that the throttle refused. */
  refusedHere: number;
}

/** How many the backend takes at once after a pause. */
const burst = 10;

/** A backend that takes so many a second, and callers who come evenly. */
export class Simulation {
  readonly clock: VirtualClock = new VirtualClock();
  readonly layer: ThrottleLayer;
  counts: Counts = { taken: 0, refusedThere: 0, refusedHere: 0 };
  /** How many a second the backend takes. */
  capacity: number;
  private readonly call: () => Promise<unknown>;
  private tokens: number;
  private filled = 0;

  constructor(capacity: number, options: ThrottleOptions) {
    this.capacity = capacity;
    this.tokens = burst;
    this.layer = throttle({ ...options, clock: this.clock });
    const service = new ServiceBuilder().layer(this.layer).serviceFn(() => this.answer());
    this.call = () => service.call("x");
  }

  /** So many callers a second, for so long. Answers with what became of them. */
  async run(perSecond: number, ms: number): Promise<Counts> {
    this.counts = { taken: 0, refusedThere: 0, refusedHere: 0 };
    const { refused } = this.layer;
    for (let nth = 0; nth < (perSecond * ms) / 1_000; nth++) {
      this.call().catch(() => {});
      // The answer is there before time moves on; a microtask for each layer is enough.
      for (let microtask = 0; microtask < 4; microtask++) await Promise.resolve();
      this.clock.jump(1_000 / perSecond);
    }
    this.counts.refusedHere = this.layer.refused - refused;
    return this.counts;
  }

  private answer(): string {
    const now = this.clock.now();
    this.tokens = Math.min(burst, this.tokens + ((now - this.filled) * this.capacity) / 1_000);
    this.filled = now;
    if (this.tokens < 1 - 1e-9) {
      this.counts.refusedThere++;
      throw new OverloadedError("backend");
    }
    this.tokens--;
    this.counts.taken++;
    return "ok";
  }
}

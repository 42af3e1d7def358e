import { type Clock, type Service, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { sharedRateLimit, type SharedRateLimit, type SharedRateLimitOptions } from "../../src/index.ts";
import { RemoteStore } from "./remote-store.ts";

/** One process of several that share a rate. */
export interface RateMember {
  readonly layer: SharedRateLimit;
  readonly service: Service<unknown, number, Error>;
  readonly store: RemoteStore;
  /** When its calls have started. */
  readonly starts: number[];
}

/** Several processes that share a rate, on one virtual time. */
export class RateFleet {
  readonly clock: VirtualClock = new VirtualClock(1_000);
  readonly store: RemoteStore = new RemoteStore(this.clock);
  readonly members: readonly RateMember[];
  /** When a call of any of them has started. */
  readonly starts: number[] = [];
  private readonly options: Omit<SharedRateLimitOptions, "store" | "key" | "clock">;

  /** @param trips how long a question of each takes on its way, and as long back: ms */
  constructor(
    options: Omit<SharedRateLimitOptions, "store" | "key" | "clock">,
    trips: readonly number[] = [0],
    own: (member: number, clock: Clock) => Partial<SharedRateLimitOptions> = () => ({}),
  ) {
    this.options = options;
    this.members = trips.map((ms, nth) => this.join(this.store.from(ms), own(nth, this.clock)));
  }

  private join(store: RemoteStore, own: Partial<SharedRateLimitOptions>): RateMember {
    const layer = sharedRateLimit({ ...this.options, key: "k", store, clock: this.clock, ...own });
    const starts: number[] = [];
    const service = new ServiceBuilder().layer(layer).serviceFn(async () => {
      starts.push(this.clock.now());
      this.starts.push(this.clock.now());
      return starts.length;
    });
    return { layer, service, store, starts };
  }

  /** Lets `ms` pass in steps of 1, each with what `each` does in the beginning. */
  async run(ms: number, each: (now: number) => void = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      each(this.clock.now());
      await this.clock.advanceAsync(1);
    }
  }

  /** By how many starts the bound is exceeded at most: above 0, it is broken. */
  excess({ burst = this.options.burst ?? this.options.limit }: { readonly burst?: number } = {}): number {
    const { limit, interval } = this.options;
    // After the k-th, the least of `time - k * step`: all spans that end here, at once.
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const [nth, time] of this.starts.entries()) {
      const tokens = (time * limit) / interval - nth;
      least = Math.min(least, -tokens);
      most = Math.max(most, 1 - tokens - least);
    }
    return most - burst;
  }
}

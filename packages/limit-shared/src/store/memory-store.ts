import type { Clock } from "@sluice/core";
import { readOptions, requireClock, requireName } from "@sluice/core/kit";
import { Bucket } from "./bucket.ts";
import { Slots } from "./slots.ts";
import type { Store } from "./store.ts";

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Whose time the store goes by; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

const owner = "memoryStore";

/**
 * A store in the memory of one process: for tests, for development, and to share a limit among parts of one process that do not share a layer value.
 * It is the model of the other stores, which answer as it does. What has been given back, or has ended, is forgotten.
 *
 * @example
 * const store = memoryStore();
 * const limit = sharedRateLimit({ store, key: "search", limit: 100, interval: 1_000 });
 *
 * @throws TypeError when `clock` is no clock
 */
export function memoryStore(options?: MemoryStoreOptions): Store {
  const clock = requireClock(owner, readOptions(owner, options, ["clock"]).clock);
  const buckets = new Forgetful<Bucket>();
  const slots = new Forgetful<Slots>();
  return {
    take: async (key, ask) => {
      requireName(owner, key, "key");
      const now = clock.now();
      const bucket = buckets.get(key, now) ?? new Bucket(ask, now);
      const answer = bucket.take(ask, now);
      buckets.set(key, bucket, now + bucket.ttl(ask, now), now);
      return answer;
    },
    share: async (key, ask) => {
      requireName(owner, key, "key");
      const now = clock.now();
      const all = slots.get(key, now) ?? new Slots(ask, now);
      const answer = all.share(ask, now);
      slots.set(key, all, now + all.ttl(now), now);
      return answer;
    },
  };
}

/** Values that are forgotten at a time of their own. What has ended is swept whenever as much again has come: each is moved once on average. */
class Forgetful<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly ends: number }>();
  private sweepAt = 1_024;

  get(key: string, now: number): Value | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && entry.ends > now ? entry.value : undefined;
  }

  set(key: string, value: Value, ends: number, now: number): void {
    this.entries.set(key, { value, ends });
    if (this.entries.size < this.sweepAt) return;
    for (const [name, entry] of this.entries) if (entry.ends <= now) this.entries.delete(name);
    this.sweepAt = Math.max(1_024, 2 * this.entries.size);
  }
}

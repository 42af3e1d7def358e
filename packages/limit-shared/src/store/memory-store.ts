import type { Clock } from "@sluice/core";
import { readOptions, requireClock, requireName } from "@sluice/core/kit";
import { Bucket } from "./bucket.ts";
import { ForgetfulMap } from "./forgetful-map.ts";
import { Slots } from "./slots.ts";
import type { Store } from "./store.ts";

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Where time is read; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

const owner = "memoryStore";

/**
 * A store in the memory of one process: for tests, for development, and to share a limit between parts of one process that do not share a
 * layer value. It is the reference for other stores. It forgets an unused limit when its state no longer matters.
 *
 * @example
 * const store = memoryStore();
 * const limit = sharedRateLimit({ store, key: "search", limit: 100, interval: 1_000 });
 *
 * @throws TypeError when `clock` is not a clock
 */
export function memoryStore(options?: MemoryStoreOptions): Store {
  const clock = requireClock(owner, readOptions(owner, options, ["clock"]).clock);
  const buckets = new ForgetfulMap<Bucket>();
  const slots = new ForgetfulMap<Slots>();
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

import {
  type Adds,
  type Gate,
  type KindOf,
  type OverloadedError,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import {
  memoryStore,
  type RateStore,
  SharedRate,
  SharedSemaphore,
  sharedConcurrencyLimit,
  type SharedConcurrencyLimit,
  sharedRateLimit,
  type SharedRateLimit,
  type SlotStore,
  type Store,
  type StoreDownError,
} from "../src/index.ts";

const store = memoryStore();
expectTypeOf(store).toEqualTypeOf<Store>();

const rate = sharedRateLimit({ store, key: "k", limit: 1, interval: 1_000 });
expectTypeOf(rate).toEqualTypeOf<SharedRateLimit>();
expectTypeOf<KindOf<typeof rate>>().toEqualTypeOf<Adds<OverloadedError | StoreDownError>>();

const slots = sharedConcurrencyLimit({ store, key: "k", max: 8, until: () => undefined });
expectTypeOf(slots).toEqualTypeOf<SharedConcurrencyLimit>();

// Both may refuse, and for two reasons: so a service that could not fail now can.
const find = serviceFn((name: string) => name.length);
type Found = Service<string, number, OverloadedError | StoreDownError>;
expectTypeOf(new ServiceBuilder().layer(rate).service(find)).toEqualTypeOf<Found>();
expectTypeOf(new ServiceBuilder().layer(slots).layer(rate).service(find)).toEqualTypeOf<Found>();
// @ts-expect-error the refusals are not answered for
new ServiceBuilder().layer(rate).service(find) satisfies Service<string, number, OverloadedError>;

expectTypeOf(new SharedRate({ store, key: "k", limit: 1, interval: 1 })).toExtend<
  Gate<unknown, OverloadedError | StoreDownError>
>();
expectTypeOf(new SharedSemaphore({ store, key: "k", max: 1 })).toExtend<
  Gate<unknown, OverloadedError | StoreDownError>
>();

expectTypeOf(new SharedRate({ store, key: "k", limit: 1, interval: 1 }).forKey("ann")).toEqualTypeOf<SharedRate>();
expectTypeOf(new SharedSemaphore({ store, key: "k", max: 1 }).forKey("ann")).toEqualTypeOf<SharedSemaphore>();
// @ts-expect-error a key is text
new SharedRate({ store, key: "k", limit: 1, interval: 1 }).forKey(7);

// A store of one's own needs no more than what is asked of it.
const takes: RateStore = { take: (key, ask) => store.take(key, ask) };
const shares: SlotStore = { share: (key, ask) => store.share(key, ask) };
sharedRateLimit({ store: takes, key: "k", limit: 1, interval: 1 });
sharedConcurrencyLimit({ store: shares, key: "k", max: 1 });
// @ts-expect-error a store of slots has no tokens
sharedRateLimit({ store: shares, key: "k", limit: 1, interval: 1 });
// @ts-expect-error a store of tokens has no slots
sharedConcurrencyLimit({ store: takes, key: "k", max: 1 });
// @ts-expect-error the key is missing
sharedRateLimit({ store, limit: 1, interval: 1 });
// @ts-expect-error there is no such outage
sharedRateLimit({ store, key: "k", limit: 1, interval: 1, outage: "wait" });
// @ts-expect-error only slots linger
sharedRateLimit({ store, key: "k", limit: 1, interval: 1, linger: 1 });
// @ts-expect-error a rate has no slots that are held past the response
expectTypeOf(new SharedSemaphore({ store, key: "k", max: 1, until: () => undefined }));
// @ts-expect-error what all have is not to be set by one
slots.max = 9;
// @ts-expect-error a counter is not to be set
rate.active = 0;

import { type OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { LRUCache } from "lru-cache";
import { expectTypeOf } from "vitest";
import { cache, type CacheEntry, type CacheLayer } from "../src/index.ts";

const layer = cache({ key: (id: number) => id, ttl: 1_000 });
expectTypeOf(layer).toEqualTypeOf<CacheLayer<number, unknown>>();

const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, OverloadedError>>();

// What looks at responses says which.
const strings = cache({ key: (id: number) => id, ttl: 1_000, cacheIf: (response: string) => response !== "" });
new ServiceBuilder().layer(strings).serviceFn((n: number) => String(n));
// @ts-expect-error the service inside gives others
new ServiceBuilder().layer(strings).serviceFn((n: number) => n);
// @ts-expect-error the service inside takes other requests
new ServiceBuilder().layer(layer).serviceFn((name: string) => name);

cache({ key: (id: number) => id, ttl: 1, store: new LRUCache<number, CacheEntry<string>>({ max: 5 }) });
cache({ key: (id: number) => id, ttl: 1, store: new Map<number, CacheEntry<string>>() });
// @ts-expect-error without a time nothing can be kept
cache({ key: () => 1 });
// @ts-expect-error a store is synchronous
cache({ key: () => 1, ttl: 1, store: { get: async () => undefined, set() {}, delete() {} } });
// @ts-expect-error a counter is not to be set
layer.hits = 0;

import { type CachedCall, type CacheOptions, type Library, load, type Work } from "../library.ts";

interface Fetching {
  readonly signal: AbortSignal;
  readonly context: Work;
}
interface Lru {
  readonly LRUCache: new (options: object) => { fetch(key: string, options: object): Promise<unknown> };
}

async function cached({ ttl, max }: CacheOptions): Promise<CachedCall> {
  const { LRUCache } = await load<Lru>("lru-cache");
  const fetchMethod = (_key: string, _stale: unknown, { signal, context }: Fetching) => context({ signal });
  // A `ttl` of 0 means for ever.
  const cache = new LRUCache({ max, ttl: Math.max(ttl, 1), fetchMethod });
  return (key, work, signal) => cache.fetch(key, { context: work, ...(signal && { signal }) });
}

export const lruCache: Library = {
  name: "lru-cache",
  settings: "`fetch` with `fetchMethod`, `max`, `ttl`, and the caller's `signal`",
  signals: false,
  cached,
  cachedForLeavers: cached,
};

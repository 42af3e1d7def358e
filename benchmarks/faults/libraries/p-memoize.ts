import { type Library, load, type Work } from "../library.ts";

type Memoize = (
  run: (key: string, work: Work) => Promise<unknown>,
  options: object,
) => (key: string, work: Work) => Promise<unknown>;

export const pMemoize: Library = {
  name: "p-memoize",
  settings: "with lru-cache as its `cache`, or `cache: false`",
  signals: false,
  async cached({ ttl, max }) {
    const { default: memoize } = await load<{ default: Memoize }>("p-memoize");
    const { LRUCache } = await load<{ LRUCache: new (options: object) => object }>("lru-cache");
    return memoize(async (_key, work) => work({}), { cache: ttl === 0 ? false : new LRUCache({ max, ttl }) });
  },
};

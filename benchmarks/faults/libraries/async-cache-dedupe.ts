import { type Library, load, type Work } from "../library.ts";

interface Cache {
  define(name: string, options: object, run: (asked: Asked) => Promise<unknown>): void;
  ask(asked: Asked): Promise<unknown>;
}
interface Asked {
  readonly key: string;
  readonly work: Work;
}

export const asyncCacheDedupe: Library = {
  name: "async-cache-dedupe",
  settings: "`createCache` with `ttl`, in memory, and `size`; `define` with `serialize`",
  signals: false,
  async cached({ ttl, max }) {
    const { createCache } = await load<{ readonly createCache: (options: object) => Cache }>("async-cache-dedupe");
    // In whole seconds.
    const cache = createCache({ ttl: Math.ceil(ttl / 1_000), storage: { type: "memory", options: { size: max } } });
    cache.define("ask", { serialize: ({ key }: Asked) => key }, ({ work }) => work({}));
    return (key, work) => cache.ask({ key, work });
  },
};

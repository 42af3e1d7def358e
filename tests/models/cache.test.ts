import { cache, type CacheEntry } from "@sluice/cache";
import * as fc from "fast-check";
import { CacheModel } from "./helper/cache-model.ts";
import { checkModel } from "./helper/check-model.ts";
import { coalesceShape, coalesceTrial, coalesceWeights } from "./helper/coalesce-trial.ts";
import type { Answer } from "./helper/innermost.ts";
import { kept } from "./kept/cache.ts";

const window = fc.constantFrom(0, 10, 40);
const shapes = fc.record({
  ...coalesceShape,
  max: fc.constantFrom(1, 2, 2, 3),
  ttl: fc.constantFrom(0, 4, 20, 20),
  staleWhileRevalidate: window,
  staleIfError: window,
  /** Whether some answers are not kept. */
  choosy: fc.boolean(),
});
const weights = { ...coalesceWeights, ready: 4, tryReady: 4, respond: 7, advance: 4, forget: 1, delete: 1, clear: 1 };

checkModel(
  "cache around a limit",
  weights,
  shapes,
  (shape, seams) => {
    const { max, keys, choosy, outside, ...windows } = shape;
    const store = new Map<number, CacheEntry<Answer>>();
    let keeping = true;
    const keeps = (request: number): boolean => keeping && !(choosy && request % 3 === 0);
    return coalesceTrial({ max, keys, outside }, seams, (keyOf, asked) => {
      const model = new CacheModel(max, keyOf, windows, keeps);
      const { clock } = seams;
      const layer = cache<number, Answer>({ key: asked, ...windows, store, cacheIf: ({ who }) => keeps(who), clock });
      return {
        model,
        layer,
        counters: () => [layer.hits, layer.stale, layer.misses, layer.refreshes, layer.failedRefreshes],
        acts: {
          forget({ pick }, play) {
            store.delete(pick % keys);
            if (play.model !== undefined) model.forget(pick % keys);
          },
          delete({ pick }, play) {
            layer.delete(pick % keys);
            if (play.model !== undefined) model.delete(pick % keys);
          },
          clear(_step, play) {
            layer.clear();
            if (play.model === undefined) return;
            for (let key = 0; key < keys; key++) model.delete(key);
          },
        },
        open() {
          keeping = false;
          layer.clear();
        },
      };
    });
  },
  kept,
);

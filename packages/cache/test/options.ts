import { cache, type CacheOptions, coalesce, type CoalesceOptions } from "@sluice/cache";
import {
  aClock,
  aFunction,
  aName,
  count,
  delay,
  either,
  type Every,
  optional,
  type OptionTable,
  withMethods,
} from "@sluice/test-kit";

const aStore = withMethods({ get() {}, set() {}, delete() {} }, "get", "set", "delete");
/** A `Map` is a store as it is. */
const aMap = { ...aStore, edges: [new Map()], takes: isMap };

function isMap(value: unknown): boolean {
  try {
    return value instanceof Map;
  } catch {
    // A proxy that was revoked.
    return false;
  }
}

export const optionTable: OptionTable = {
  objects: [
    {
      of: "coalesce",
      base: { key: () => 1 },
      give: coalesce,
      ranges: {
        key: aFunction,
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<CoalesceOptions<unknown>>,
    },
    {
      of: "cache",
      base: { key: () => 1, ttl: 1 },
      give: cache,
      ranges: {
        key: aFunction,
        ttl: delay,
        staleWhileRevalidate: optional(delay),
        staleIfError: optional(delay),
        store: optional(either(aStore, aMap)),
        max: optional(count),
        cacheIf: optional(aFunction),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<CacheOptions<unknown, unknown>>,
    },
  ],
};

import { cache, type CacheOptions, coalesce, type CoalesceOptions } from "@sluice/cache";
import {
  aClock,
  aFunction,
  aName,
  count,
  delay,
  type Every,
  optional,
  type OptionTable,
  withMethods,
} from "@sluice/test-kit";

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
        store: optional(withMethods({ get() {}, set() {}, delete() {} }, "get", "set", "delete")),
        max: optional(count),
        cacheIf: optional(aFunction),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<CacheOptions<unknown, unknown>>,
    },
  ],
};

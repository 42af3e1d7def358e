import {
  memoryStore,
  type MemoryStoreOptions,
  SharedRate,
  SharedSemaphore,
  sharedConcurrencyLimit,
  type SharedConcurrencyLimitOptions,
  sharedRateLimit,
  type SharedRateLimitOptions,
} from "@sluice/limit-shared";
import {
  aClock,
  aFunction,
  aName,
  count,
  delay,
  type DocumentedRange,
  type Every,
  longest,
  number,
  oneOf,
  optional,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";

const store = memoryStore();

/** Any text of 1 to 200 characters. */
const aKey: DocumentedRange = {
  takes: (value) => typeof value === "string" && value.length > 0 && value.length <= 200,
  edges: ["", "k", "{a}:\u0000 ü", "k".repeat(200), "k".repeat(201)],
  optional: false,
};

const shared = {
  key: aKey,
  outage: optional(oneOf("share", "refuse", "allow")),
  share: optional(number({ min: 0, above: true, max: 1 })),
  clock: optional(aClock),
  label: optional(aName),
};

const rate = {
  ...shared,
  store: withMethods(store, "take"),
  limit: count,
  interval: span,
  burst: optional(count),
  hold: optional(span),
  fresh: optional(oneOf("full", "empty")),
  timeout: optional(number({ min: 0, above: true, max: 100 })),
} satisfies Every<SharedRateLimitOptions>;

const { until, ...slots } = {
  ...shared,
  store: withMethods(store, "share"),
  max: number({ min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }),
  ttl: optional(number({ min: 100, max: longest })),
  refresh: optional(number({ min: 0, above: true, max: 10_000 / 3 })),
  linger: optional(delay),
  until: optional(aFunction),
  timeout: optional(number({ min: 0, above: true, max: 10_000 / 3 })),
} satisfies Every<SharedConcurrencyLimitOptions>;

/** With a `hold` of 100 by default. */
const aRate = { store, key: "k", limit: 5, interval: 1_000 };
const someSlots = { store, key: "k", max: 5 };

export const optionTable: OptionTable = {
  objects: [
    { of: "sharedRateLimit", base: aRate, give: sharedRateLimit, ranges: rate },
    { of: "SharedRate", base: aRate, give: (options) => new SharedRate(options), ranges: rate },
    { of: "sharedConcurrencyLimit", base: someSlots, give: sharedConcurrencyLimit, ranges: { ...slots, until } },
    { of: "SharedSemaphore", base: someSlots, give: (options) => new SharedSemaphore(options), ranges: slots },
    {
      of: "memoryStore",
      base: {},
      give: memoryStore,
      ranges: { clock: optional(aClock) } satisfies Every<MemoryStoreOptions>,
    },
  ],
  without: { StoreDownError: "takes what it is told", isStoreDownError: "takes anything" },
};

export { redisTable } from "./redis/options.ts";

import { Semaphore } from "@sluice/core";
import { Line } from "@sluice/core/kit";
import {
  concurrencyLimit,
  type ConcurrencyLimitOptions,
  FixedWindow,
  rateLimit,
  type RateLimitOptions,
  type RateOptions,
  SlidingWindow,
  TokenBucket,
  type TokenBucketOptions,
} from "@sluice/limit";
import {
  aFunction,
  aName,
  aClock,
  count,
  either,
  type Every,
  oneOf,
  only,
  slots,
  optional,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";

const semaphore = new Semaphore(1);
const aLine = only([(serve: () => void) => new Line(serve)], [5, "x", null, {}]);
const ratePerInterval = { limit: 5, interval: 1_000 };
const rate = {
  limit: count,
  interval: span,
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<RateOptions>;

export const optionTable: OptionTable = {
  parameters: [
    {
      of: "concurrencyLimit",
      option: "max",
      range: either(slots, withMethods(semaphore, "tryAcquire", "acquire")),
      give: (max) => concurrencyLimit(max),
    },
    {
      of: "concurrencyLimit",
      option: "max",
      range: slots,
      give: (max) => Object.assign(concurrencyLimit(1), { max }),
    },
  ],
  objects: [
    {
      of: "concurrencyLimit",
      base: {},
      give: (options) => concurrencyLimit(1, options),
      ranges: {
        until: optional(aFunction),
        clock: optional(aClock),
        line: optional(aLine),
        label: optional(aName),
      } satisfies Every<ConcurrencyLimitOptions>,
    },
    {
      of: "concurrencyLimit",
      base: {},
      give: (options) => concurrencyLimit(semaphore, options),
      ranges: {
        until: optional(aFunction),
        clock: optional(only([])),
        line: optional(only([])),
        label: optional(aName),
      } satisfies Every<ConcurrencyLimitOptions>,
    },
    {
      of: "rateLimit",
      base: ratePerInterval,
      give: rateLimit,
      ranges: {
        ...rate,
        // In a window there is no other.
        burst: optional(oneOf(5)),
        algorithm: optional(oneOf("sliding-window", "token-bucket", "fixed-window")),
      } satisfies Every<RateLimitOptions>,
    },
    {
      of: "rateLimit",
      base: { ...ratePerInterval, algorithm: "token-bucket" },
      give: rateLimit,
      ranges: { ...rate, burst: optional(count) },
    },
    {
      of: "rateLimit",
      base: { ...ratePerInterval, algorithm: "fixed-window" },
      give: rateLimit,
      ranges: { ...rate, burst: optional(oneOf(5)) },
    },
    {
      of: "TokenBucket",
      base: ratePerInterval,
      give: (options) => new TokenBucket(options),
      ranges: { ...rate, burst: optional(count) } satisfies Every<TokenBucketOptions>,
    },
    { of: "FixedWindow", base: ratePerInterval, give: (options) => new FixedWindow(options), ranges: rate },
    { of: "SlidingWindow", base: ratePerInterval, give: (options) => new SlidingWindow(options), ranges: rate },
  ],
  without: {
    Semaphore: "is core's",
  },
};

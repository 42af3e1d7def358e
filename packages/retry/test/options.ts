import {
  exponentialBackoff,
  type ExponentialBackoffOptions,
  retry,
  retryBudget,
  type RetryBudgetOptions,
  type RetryOptions,
  type RetryPolicy,
  retryPolicy,
  type RetryPolicyOptions,
} from "@sluice/retry";
import {
  aBoolean,
  aFunction,
  aName,
  aClock,
  delay,
  type Every,
  longest,
  number,
  oneOf,
  optional,
  type OptionTable,
  slots,
  span,
  withMethods,
} from "@sluice/test-kit";

const run = (): number => 1;

export const optionTable: OptionTable = {
  parameters: [
    {
      of: "retry",
      option: "policy",
      range: withMethods({ decide: run }, "decide"),
      give: (policy) => retry(policy),
    },
  ],
  objects: [
    {
      of: "retry",
      base: {},
      give: (options) => retry({ decide: () => undefined }, options),
      ranges: { clock: optional(aClock), label: optional(aName) } satisfies Every<RetryOptions>,
    },
    {
      of: "retry",
      prefix: "policy.",
      mayBeLeftOut: false,
      base: { decide: run },
      give: (policy) => retry(policy),
      ranges: {
        cloneRequest: optional(aFunction),
        start: optional(aFunction),
        timed: optional(aBoolean),
        onlyFailures: optional(aBoolean),
        budgeted: optional(aBoolean),
      } satisfies Every<Omit<RetryPolicy, "decide">>,
    },
    {
      of: "retryPolicy",
      base: { maxRetries: 1 },
      give: retryPolicy,
      ranges: {
        maxRetries: slots,
        retryIf: optional(aFunction),
        backoff: optional(withMethods(exponentialBackoff({ base: 0, max: 1 }), "next")),
        budget: optional(withMethods(retryBudget(), "deposit", "withdraw")),
        retryAfter: optional(aFunction),
        cloneRequest: optional(aFunction),
      } satisfies Every<RetryPolicyOptions>,
    },
    {
      of: "exponentialBackoff",
      base: { base: 100, max: 200 },
      give: exponentialBackoff,
      ranges: {
        max: number({ min: 100, max: longest }),
        factor: optional(number({ min: 1 })),
        jitter: optional(oneOf("full", "equal", "decorrelated", "none")),
        random: optional(aFunction),
      } satisfies Every<Omit<ExponentialBackoffOptions, "base">>,
    },
    {
      of: "exponentialBackoff",
      base: { base: 0, max: longest },
      give: exponentialBackoff,
      ranges: { base: delay, max: delay } satisfies Every<Pick<ExponentialBackoffOptions, "base" | "max">>,
    },
    {
      of: "retryBudget",
      base: {},
      give: retryBudget,
      ranges: {
        ttl: optional(span),
        minPerSecond: optional(number({ min: 0 })),
        ratio: optional(number({ min: 0, max: 1_000 })),
        clock: optional(aClock),
      } satisfies Every<RetryBudgetOptions>,
    },
  ],
  without: {
    isIdempotent: "answers for any value",
  },
};

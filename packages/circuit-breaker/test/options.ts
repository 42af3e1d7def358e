import {
  aClock,
  aFunction,
  aName,
  count,
  either,
  type Every,
  number,
  oneOf,
  only,
  optional,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";
import {
  CircuitBreaker,
  circuitBreaker,
  type CircuitBreakerOptions,
  type CircuitWindow,
} from "@sluice/circuit-breaker";

const share = number({ min: 0, max: 1, above: true });
const from1 = number({ min: 1, whole: true, infinity: true });
const backoff = { next: () => ({ delay: 5, state: undefined }) };
const aWindow = only(
  [{ time: 1_000 }, { time: 1_000, buckets: 5 }, { calls: 50 }],
  [{}, 5, "x", null, [], { time: 0 }, { calls: 0 }, { time: 5, calls: 5 }, { calls: 5, buckets: 5 }, { span: 5 }],
);

const ranges = {
  window: optional(aWindow),
  failureRatio: optional(share),
  slowCall: optional(span),
  slowRatio: optional(share),
  minimumCalls: optional(count),
  consecutive: optional(from1),
  breakFor: optional(either(span, withMethods(backoff, "next"))),
  probes: optional(count),
  classify: optional(aFunction),
  whenOpen: optional(oneOf("refuse", "wait")),
  onChange: optional(aFunction),
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<CircuitBreakerOptions>;

const windowRanges = (window: CircuitWindow, table: Readonly<Record<string, typeof share>>) => ({
  of: "circuitBreaker",
  base: window,
  prefix: "window.",
  give: (given: never) => circuitBreaker({ window: given }),
  ranges: table,
  mayBeLeftOut: true,
});

export const optionTable: OptionTable = {
  objects: [
    // A ratio of slow calls goes with what is slow.
    { of: "circuitBreaker", base: { slowCall: 5 }, give: circuitBreaker, ranges: { ...ranges, slowCall: span } },
    { of: "circuitBreaker", base: {}, give: circuitBreaker, ranges: { slowCall: optional(span) } },
    {
      of: "CircuitBreaker",
      base: { slowCall: 5 },
      give: (options) => new CircuitBreaker(options),
      ranges: { ...ranges, slowCall: span },
    },
    windowRanges({ time: 1_000 }, { time: span, buckets: optional(number({ min: 1, max: 1_000, whole: true })) }),
    windowRanges({ calls: 100 }, { calls: number({ min: 1, max: 10_000, whole: true }) }),
  ],
  parameters: [
    {
      of: "circuitBreaker.open",
      option: "ms",
      range: optional(span),
      give: (ms) => circuitBreaker().open(ms),
    },
  ],
  without: {
    CircuitOpenError: "is made by the breaker",
    isCircuitOpenError: "takes anything",
  },
};

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
  type OptionsRow,
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
const windows = [{ time: 1_000 }, { time: 1_000, buckets: 5 }, { calls: 50 }];

/** Objects that are no window are told apart by their members, below. */
const isOtherObject = (value: unknown): boolean => Object(value) === value && !windows.includes(value as never);

const ranges = {
  failureRatio: optional(share),
  slowCall: optional(span),
  minimumCalls: optional(count),
  consecutive: optional(from1),
  breakFor: optional(either(span, withMethods(backoff, "next"))),
  probes: optional(count),
  classify: optional(aFunction),
  whenOpen: optional(oneOf("refuse", "wait")),
  onChange: optional(aFunction),
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<Omit<CircuitBreakerOptions, "window" | "slowRatio">>;

const members = (window: CircuitWindow, table: OptionsRow["ranges"]): OptionsRow => ({
  of: "circuitBreaker",
  base: window,
  prefix: "window.",
  give: (given: never) => circuitBreaker({ window: given }),
  ranges: table,
  mayBeLeftOut: true,
});

export const optionTable: OptionTable = {
  objects: [
    { of: "circuitBreaker", base: {}, give: circuitBreaker, ranges },
    { of: "CircuitBreaker", base: {}, give: (options) => new CircuitBreaker(options), ranges },
    // It goes with what is slow.
    { of: "circuitBreaker", base: { slowCall: 5 }, give: circuitBreaker, ranges: { slowRatio: optional(share) } },
    members({ time: 1_000 }, { time: span, buckets: optional(number({ min: 1, max: 1_000, whole: true })) }),
    members({ calls: 100 }, { calls: number({ min: 1, max: 10_000, whole: true }) }),
  ],
  parameters: [
    {
      of: "circuitBreaker",
      option: "window",
      range: optional(only(windows)),
      except: isOtherObject,
      give: (window) => circuitBreaker({ window }),
    },
    {
      of: "circuitBreaker",
      option: "ms of open",
      range: optional(span),
      give: (ms) => {
        circuitBreaker().open(ms);
      },
    },
  ],
  without: {
    CircuitOpenError: "is made by the breaker",
    isCircuitOpenError: "answers for any value",
  },
};

import {
  AdaptiveLimit,
  adaptiveLimit,
  type AdaptiveLimitGateOptions,
  type AdaptiveLimitOptions,
  aimd,
  type AimdOptions,
  gradient,
  type GradientOptions,
  type LimitAlgorithm,
  type LimitBounds,
  vegas,
  type VegasOptions,
  type WindowOptions,
} from "@sluice/adaptive-limit";
import { Line } from "@sluice/core/kit";
import {
  aClock,
  aFunction,
  aName,
  aRecord,
  count,
  either,
  type Every,
  longest,
  number,
  only,
  optional,
  type OptionRow,
  type OptionsRow,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";

const aLine = only([(serve: () => void) => new Line(serve)], [5, "x", null, {}]);

/** A new one each time, for each limit needs one of its own. */
const algorithm = { limit: 20, sample: (): number => 20 };
const fresh = (given: LimitAlgorithm): LimitAlgorithm => (given === algorithm ? { ...algorithm } : given);

const gateOptions = {
  classify: optional(aFunction),
  line: optional(aLine),
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<Omit<AdaptiveLimitGateOptions, "window">>;

/** What `initial`, `min` and `max` may be while the other two are left out. */
const boundsTo = (max: number): Every<LimitBounds> => ({
  initial: optional(number({ min: 1, max, whole: true })),
  min: optional(count),
  max: optional(count),
});

const share = number({ min: 0, max: 1, above: true });

/** What the options of an algorithm are, but for the bounds. */
function algorithmRow<Options extends LimitBounds>(
  of: string,
  give: (options: Options) => LimitAlgorithm,
  max: number,
  ranges: Omit<Every<Options>, keyof LimitBounds>,
): OptionsRow {
  return { of, base: {}, give, ranges: { ...boundsTo(max), ...ranges } };
}

function algorithmOf(of: string, make: (algorithm: LimitAlgorithm) => unknown): OptionRow {
  return { of, option: "algorithm", range: withMethods(algorithm, "sample"), give: (given) => make(fresh(given)) };
}

/** Objects that have members, and none of the three. */
function hasOthers(value: unknown): boolean {
  try {
    return typeof value === "object" && !Array.isArray(value) && Object.keys(value as object).length > 0;
  } catch {
    return false;
  }
}

function windowIn(of: string, make: (window: never) => unknown): OptionRow {
  const range = optional(either(aRecord, only([], [true, false, 5, "x"])));
  const takes = (value: unknown): boolean => range.takes(value) && typeof value !== "function" && !Array.isArray(value);
  return { of, option: "window", range: { ...range, takes }, give: make, except: hasOthers };
}

function windowOf(of: string, make: (window: WindowOptions) => unknown): OptionsRow {
  return {
    of,
    prefix: "window.",
    mayBeLeftOut: true,
    base: {},
    give: make,
    ranges: {
      time: optional(number({ min: 10, max: longest })),
      samples: optional(count),
      quantile: optional(share),
    } satisfies Every<WindowOptions>,
  };
}

function membersOf(of: string, make: (algorithm: LimitAlgorithm) => unknown): OptionsRow {
  return {
    of,
    prefix: "algorithm.",
    mayBeLeftOut: false,
    base: { limit: 20, sample: algorithm.sample },
    give: make,
    ranges: {
      limit: number({ min: 1 }),
      min: optional(number({ min: 1, max: 20, whole: true })),
      max: optional(number({ min: 20, whole: true, infinity: true })),
    } satisfies Partial<Every<LimitAlgorithm>>,
  };
}

export const optionTable: OptionTable = {
  parameters: [
    windowIn("adaptiveLimit", (window) => adaptiveLimit(vegas(), { window })),
    windowIn("AdaptiveLimit", (window) => new AdaptiveLimit(vegas(), { window })),
    algorithmOf("adaptiveLimit", (given) => adaptiveLimit(given)),
    algorithmOf("AdaptiveLimit", (given) => new AdaptiveLimit(given)),
  ],
  objects: [
    {
      of: "adaptiveLimit",
      base: {},
      give: (options) => adaptiveLimit(fresh(algorithm), options),
      ranges: { ...gateOptions, until: optional(aFunction) } satisfies Every<Omit<AdaptiveLimitOptions, "window">>,
    },
    {
      of: "AdaptiveLimit",
      base: {},
      give: (options) => new AdaptiveLimit(fresh(algorithm), options),
      ranges: gateOptions,
    },
    windowOf("adaptiveLimit", (window) => adaptiveLimit(vegas(), { window })),
    windowOf("AdaptiveLimit", (window) => new AdaptiveLimit(vegas(), { window })),
    membersOf("adaptiveLimit", (given) => adaptiveLimit(given)),
    membersOf("AdaptiveLimit", (given) => new AdaptiveLimit(given)),
    algorithmRow<AimdOptions>("aimd", aimd, 200, {
      backoff: optional(number({ min: 0.5, max: 1 - Number.EPSILON / 2 })),
      timeout: optional(span),
    }),
    algorithmRow<VegasOptions>("vegas", vegas, 1_000, {
      probe: optional(number({ min: 1 })),
      random: optional(aFunction),
    }),
    algorithmRow<GradientOptions>("gradient", gradient, 200, {
      queue: optional(number({ min: 0, above: true })),
      tolerance: optional(number({ min: 1 })),
      smoothing: optional(share),
      longWindow: optional(number({ min: 1 })),
    }),
  ],
};

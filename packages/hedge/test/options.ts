import { hedge, type HedgeOptions } from "@sluice/hedge";
import {
  aClock,
  aFunction,
  aName,
  delay,
  either,
  type Every,
  number,
  optional,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";

const budget = { deposit() {}, withdraw: () => true };
const quantile = number({ min: 0, max: 1, above: true });

const ranges = {
  delay: either(delay, aFunction),
  quantile: optional({ ...quantile, takes: (value) => value !== 1 && quantile.takes(value) }),
  attempts: optional(number({ min: 2, max: 10, whole: true })),
  hedgeIf: optional(aFunction),
  cloneRequest: optional(aFunction),
  budget: optional(withMethods(budget, "deposit", "withdraw")),
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<Omit<HedgeOptions, "minSamples" | "period" | "minDelay">>;

export const optionTable: OptionTable = {
  objects: [
    { of: "hedge", base: { delay: 5 }, give: (options) => hedge(options), ranges },
    // These go with a quantile.
    {
      of: "hedge",
      base: { delay: 5, quantile: 0.95 },
      give: (options) => hedge(options),
      ranges: {
        minSamples: optional(number({ min: 1, whole: true })),
        period: optional(span),
        minDelay: optional(delay),
      },
      mayBeLeftOut: false,
    },
  ],
  without: {
    HedgeLostError: "has none",
    isHedgeLostError: "answers for any value",
  },
};

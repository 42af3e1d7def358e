import { aClock, aFunction, aName, type Every, number, optional, type OptionTable, span } from "@sluice/test-kit";
import { Throttle, throttle, type ThrottleOptions } from "@sluice/throttle";

const ranges = {
  k: optional(number({ min: 1.1 })),
  window: optional(span),
  minimumPerSecond: optional(number({ min: 0 })),
  max: optional(number({ min: 0, max: 0.99, above: true })),
  classify: optional(aFunction),
  random: optional(aFunction),
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<ThrottleOptions>;

export const optionTable: OptionTable = {
  objects: [
    { of: "throttle", base: {}, give: throttle, ranges },
    { of: "Throttle", base: {}, give: (options) => new Throttle(options), ranges },
  ],
};

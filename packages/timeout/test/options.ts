import { aClock, aName, type Every, oneOf, optional, type OptionTable, span } from "@sluice/test-kit";
import { timeout, type TimeoutOptions } from "@sluice/timeout";

export const optionTable: OptionTable = {
  parameters: [{ of: "timeout", option: "ms", range: span, give: timeout, except: isObject }],
  objects: [
    {
      of: "timeout",
      // One of them must be there.
      base: { deadline: true },
      mayBeLeftOut: false,
      instead: { option: "ms", range: span },
      give: timeout,
      ranges: {
        ready: optional(span),
        call: optional(span),
        total: optional(span),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<Omit<TimeoutOptions, "deadline">>,
    },
    {
      of: "timeout",
      base: { call: 100 },
      mayBeLeftOut: false,
      instead: { option: "ms", range: span },
      give: timeout,
      ranges: {
        deadline: optional(oneOf(true)),
        ready: optional(span),
        total: optional(span),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<Omit<TimeoutOptions, "call">>,
    },
  ],
  without: {
    TimeoutError: "carries what it is given",
    isTimeoutError: "answers for any value",
  },
};

function isObject(value: unknown): boolean {
  return typeof value === "object";
}

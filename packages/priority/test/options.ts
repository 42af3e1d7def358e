import { type CodelOptions, priorityLine, type PriorityLineOptions } from "@sluice/priority";
import {
  aClock,
  aFunction,
  aName,
  aRecord,
  either,
  type Every,
  number,
  oneOf,
  only,
  optional,
  type OptionRow,
  type OptionTable,
  slots,
  span,
} from "@sluice/test-kit";

const base = { priority: (): number => 0 };

/** Objects that have members, and none of the two. */
function hasOthers(value: unknown): boolean {
  try {
    return typeof value === "object" && !Array.isArray(value) && Object.keys(value as object).length > 0;
  } catch {
    return false;
  }
}

/** `true`, or an object. */
const codel: OptionRow = (() => {
  const range = optional(either(aRecord, only([true], [false, 5, "x"])));
  const takes = (value: unknown): boolean => range.takes(value) && typeof value !== "function" && !Array.isArray(value);
  return {
    of: "priorityLine",
    option: "codel",
    range: { ...range, takes },
    give: (given: never) => priorityLine({ ...base, codel: given }),
    except: hasOthers,
  };
})();

export const optionTable: OptionTable = {
  parameters: [codel],
  objects: [
    {
      of: "priorityLine",
      base,
      give: (options: PriorityLineOptions) => priorityLine(options),
      ranges: {
        priority: aFunction,
        levels: optional(number({ min: 1, max: 100, whole: true })),
        share: optional(number({ min: 0, max: 1 })),
        maxWaiting: optional(slots),
        order: optional(oneOf("fifo", "adaptive-lifo")),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<Omit<PriorityLineOptions, "codel">>,
    },
    {
      of: "priorityLine",
      prefix: "codel.",
      mayBeLeftOut: true,
      instead: { option: "codel", range: only([true]) },
      base: {},
      give: (given: CodelOptions) => priorityLine({ ...base, codel: given }),
      ranges: { target: optional(span), interval: optional(span) } satisfies Every<CodelOptions>,
    },
  ],
};

import { type Service, serviceFn } from "@sluice/core";
import { balance, type BalanceOptions, type OutlierOptions } from "@sluice/balance";
import {
  aBoolean,
  aClock,
  aFunction,
  aName,
  count,
  type DocumentedRange,
  either,
  type Every,
  number,
  oneOf,
  optional,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";

const from1 = number({ min: 1, whole: true, infinity: true });
const share = number({ min: 0, max: 1, above: true });
const one = serviceFn((n: number) => n);

const ranges = {
  load: optional(either(oneOf("pending"), aFunction)),
  waitAt: optional(from1),
  panic: optional(number({ min: 0, max: 1 })),
  classify: optional(aFunction),
  avoidRepeats: optional(aBoolean),
  pick: optional(withMethods({ name: "mine", key: String, place: () => ({ find: () => 0 }) }, "key", "place")),
  onChange: optional(aFunction),
  random: optional(aFunction),
  clock: optional(aClock),
  label: optional(aName),
} satisfies Partial<Every<BalanceOptions>>;

const outliers = {
  consecutive: optional(from1),
  ratio: optional(share),
  minimumCalls: optional(count),
  interval: optional(span),
  base: optional(span),
  max: optional(number({ min: 30_000, max: 2 ** 31 - 1 })),
  maxPercent: optional(number({ min: 0, max: 100 })),
} satisfies Every<OutlierOptions>;

export const optionTable: OptionTable = {
  objects: [
    { of: "balance", base: {}, give: (options) => balance<Service<number, number>>(options), ranges },
    {
      of: "balance",
      base: {},
      prefix: "outliers.",
      give: (options: OutlierOptions) => balance({ outliers: options }),
      ranges: outliers,
      mayBeLeftOut: true,
    },
    // They go with this load.
    {
      of: "balance",
      base: { load: "peak-ewma", defaultRtt: 5 },
      give: (options: BalanceOptions) => balance(options),
      ranges: { defaultRtt: span, decay: optional(span) },
      mayBeLeftOut: true,
    },
  ],
  parameters: [
    { of: "balance", option: "endpoints", range: optional(lists()), give: (endpoints) => balance({ endpoints }) },
    {
      of: "balance",
      option: "service",
      range: withMethods(one, "tryReady", "ready", "call"),
      give: (service) => balance<Service<number, number>>().add("a", service),
    },
  ],
};

function lists(): DocumentedRange {
  const good: unknown[] = [[["a", one]], new Map([["a", one]])];
  const wrong = [[1], [undefined], ["a"], [["a"]], [["a", 5]], new Map([["a", 5]])];
  const takes = (value: unknown): boolean => good.includes(value) || isEmpty(value);
  return { takes, edges: [...good, [], ...wrong], optional: false };
}

/** Whether it has no entries: so there are no endpoints yet. */
function isEmpty(value: unknown): boolean {
  try {
    return Object(value) === value && [...(value as Iterable<unknown>)].length === 0;
  } catch {
    return false;
  }
}

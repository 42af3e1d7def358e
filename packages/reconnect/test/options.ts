import { serviceFn } from "@sluice/core";
import { reconnect, type ReconnectOptions } from "@sluice/reconnect";
import { aClock, aFunction, aName, type Every, optional, type OptionTable, withMethods } from "@sluice/test-kit";

const ranges = {
  isBroken: optional(aFunction),
  backoff: optional(withMethods({ next: () => ({ delay: 1, state: 1 }) }, "next")),
  close: optional(aFunction),
  onChange: optional(aFunction),
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<ReconnectOptions>;

const make = () => serviceFn((n: number) => n);

export const optionTable: OptionTable = {
  parameters: [{ of: "reconnect", option: "make", range: aFunction, give: (value) => reconnect(value) }],
  objects: [{ of: "reconnect", base: {}, give: (options) => reconnect(make, options), ranges }],
};

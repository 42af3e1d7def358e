import { type DescribeOptions, describe, type WarningRule } from "@sluice/describe";
import { type DocumentedRange, type Every, optional, type OptionTable, withMethods } from "@sluice/test-kit";
import { serviceFn } from "@sluice/core";

const rule: WarningRule = "unbounded-line";

/** An array of the names of rules. */
const rulesOnly: DocumentedRange = {
  takes(value) {
    try {
      return Array.isArray(value) && Array.from(value as unknown[]).every((each) => each === rule);
    } catch {
      return false;
    }
  },
  edges: [[], [rule], [rule, rule], rule, new Set([rule])],
  optional: false,
};

const run = (): undefined => undefined;

export const optionTable: OptionTable = {
  parameters: [
    {
      of: "describe",
      option: "service",
      range: withMethods({ tryReady: run, ready: run, call: run }, "tryReady", "ready", "call"),
      give: (service: never) => describe(service),
    },
  ],
  objects: [
    {
      of: "describe",
      base: {},
      give: (options) => describe(serviceFn(String), options),
      ranges: { allow: optional(rulesOnly) } satisfies Every<DescribeOptions>,
    },
  ],
};

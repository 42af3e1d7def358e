import { loadShed, type LoadShedOptions } from "@sluice/load-shed";
import { aName, aClock, delay, type Every, optional, type OptionTable } from "@sluice/test-kit";

export const optionTable: OptionTable = {
  objects: [
    {
      of: "loadShed",
      base: {},
      give: (options) => loadShed(options),
      ranges: {
        wait: optional(delay),
        retryAfter: optional(delay),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<LoadShedOptions>,
    },
  ],
  without: {
    OverloadedError: "is core's",
    isOverloadedError: "is core's",
  },
};

import { coalesce, type CoalesceOptions } from "@sluice/cache";
import { aClock, aFunction, aName, type Every, optional, type OptionTable } from "@sluice/test-kit";

export const optionTable: OptionTable = {
  objects: [
    {
      of: "coalesce",
      base: { key: () => 1 },
      give: coalesce,
      ranges: {
        key: aFunction,
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<CoalesceOptions<unknown>>,
    },
  ],
};

import { aName, type Every, optional, type OptionTable } from "@sluice/test-kit";
import { balance, type BalanceOptions } from "@sluice/balance";

export const optionTable: OptionTable = {
  objects: [
    {
      of: "balance",
      base: {},
      give: balance,
      ranges: { label: optional(aName) } satisfies Every<BalanceOptions>,
    },
  ],
};

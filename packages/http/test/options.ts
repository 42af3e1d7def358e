import { aName, type Every, optional, type OptionTable } from "@sluice/test-kit";
import { http, type HttpOptions } from "@sluice/http";

export const optionTable: OptionTable = {
  objects: [
    {
      of: "http",
      base: {},
      give: http,
      ranges: { label: optional(aName) } satisfies Every<HttpOptions>,
    },
  ],
};

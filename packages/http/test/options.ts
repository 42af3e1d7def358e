import { aName, type Every, optional, type OptionTable } from "@sluice/test-kit";
import { http, type HttpOptions } from "@sluice/http";
import { clientOptions } from "./client/options.ts";

export { undiciTable } from "./undici/options.ts";

export const optionTable: OptionTable = {
  parameters: [...clientOptions.parameters],
  without: { ...clientOptions.without },
  objects: [
    ...clientOptions.objects,
    {
      of: "http",
      base: {},
      give: http,
      ranges: { label: optional(aName) } satisfies Every<HttpOptions>,
    },
  ],
};

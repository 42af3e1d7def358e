import {
  aBoolean,
  aClock,
  aName,
  type DocumentedRange,
  type Every,
  number,
  optional,
  type OptionTable,
} from "@sluice/test-kit";
import { meter, type MeterOptions } from "@sluice/meter";

/** Text by text, with no name empty. */
const labels: DocumentedRange = {
  takes(value) {
    try {
      if (Object(value) !== value) return false;
      return Object.entries(value as object).every(([key, label]) => key !== "" && typeof label === "string");
    } catch {
      return false;
    }
  },
  edges: [{}, { "server.address": "db1" }, { "": "db1" }, { retries: 1 }],
  optional: false,
};

export const optionTable: OptionTable = {
  parameters: [{ of: "meter", option: "name", range: aName, give: (point: never) => meter(point) }],
  objects: [
    {
      of: "meter",
      base: {},
      give: (options) => meter("point", options),
      ranges: {
        attributes: optional(labels),
        durations: optional(aBoolean),
        codes: optional(number({ min: 1, whole: true })),
        enabled: optional(aBoolean),
        clock: optional(aClock),
      } satisfies Every<MeterOptions>,
    },
  ],
  without: {
    meters: "takes nothing",
    toDiagnosticsChannel: "takes nothing",
  },
};

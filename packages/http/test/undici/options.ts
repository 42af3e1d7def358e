import { undiciService, type UndiciServiceOptions } from "@sluice/http/undici";
import {
  aClock,
  aName,
  aRecord,
  type DocumentedRange,
  type Every,
  number,
  only,
  optional,
  type OptionTable,
} from "@sluice/test-kit";

const anOrigin: DocumentedRange = only(
  ["http://a.example", "https://a.example:8443/", new URL("http://127.0.0.1")],
  [
    "a.example",
    "ftp://a.example",
    "http://a.example/path",
    "http://a.example/?q",
    "http://a.example/#h",
    "http://u:p@a.example",
  ],
);

/** Undici makes a copy of its options by way of JSON. */
const ofUndici: DocumentedRange = {
  ...aRecord,
  takes: (value) => {
    try {
      return aRecord.takes(value) && JSON.stringify(value) !== null;
    } catch {
      return false;
    }
  },
};

export const undiciTable: OptionTable = {
  entry: "undici",
  objects: [
    {
      of: "undiciService",
      base: { origin: "http://127.0.0.1", connections: 1 },
      give: undiciService,
      ranges: {
        origin: anOrigin,
        connections: number({ min: 1, whole: true }),
        pool: optional(ofUndici),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<UndiciServiceOptions>,
    },
  ],
};

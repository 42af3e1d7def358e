import {
  aFunction,
  aName,
  anything,
  aClock,
  aString,
  type Every,
  optional,
  type OptionTable,
  withMethods,
} from "@sluice/test-kit";
import { trace, type TraceOptions } from "@sluice/trace";

const run = (): number => 1;

export const optionTable: OptionTable = {
  objects: [
    {
      of: "trace",
      base: {},
      give: trace,
      ranges: {
        logger: optional(withMethods({ info: run, warn: run }, "info", "warn")),
        level: optional(aString),
        generateId: optional(aFunction),
        requestId: optional(aFunction),
        traceparent: optional(aFunction),
        span: optional(aFunction),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<TraceOptions>,
    },
    {
      of: "trace",
      mayBeLeftOut: true,
      prefix: "logger.",
      base: { debug: run, info: run, warn: run },
      give: (logger) => trace({ logger, level: "debug" }),
      // What is no function is a logger that is called as the console is.
      ranges: { child: optional(anything) },
    },
  ],
  without: {
    currentRequestId: "takes nothing",
    currentTraceparent: "takes nothing",
  },
};

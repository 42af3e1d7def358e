import { metrics } from "@opentelemetry/api";
import { serviceFn } from "@sluice/core";
import {
  aBoolean,
  aFunction,
  aName,
  type DocumentedRange,
  either,
  type Every,
  oneOf,
  optional,
  type OptionTable,
  withMethods,
} from "@sluice/test-kit";
import {
  type CallSpanOptions,
  meterProducer,
  type MeterProducerOptions,
  observeMeters,
  type ObserveMetersOptions,
  span,
} from "@sluice/otel";

/** Anything that a loop can go over. */
const iterable: DocumentedRange = {
  takes(value) {
    try {
      return typeof (value as Iterable<unknown>)[Symbol.iterator] === "function";
    } catch {
      return false;
    }
  },
  edges: [[], new Set(), [1]],
  optional: false,
};

/** Services by name. */
const services: DocumentedRange = {
  takes(value) {
    try {
      if (Object(value) !== value) return false;
      return Object.values(value as object).every((service: Partial<Record<string, unknown>>) =>
        [service["tryReady"], service["ready"], service["call"]].every((method) => typeof method === "function"),
      );
    } catch {
      return false;
    }
  },
  edges: [{}, { orders: serviceFn(() => 1) }, { orders: {} }, { orders: 1 }],
  optional: false,
};

/** Numbers above 0, each above the one before it. */
const rising: DocumentedRange = {
  takes(value) {
    try {
      if (!Array.isArray(value) || value.length === 0) return false;
      return (value as unknown[]).every(
        (each, index) => Number.isFinite(each) && (each as number) > (index > 0 ? (value[index - 1] as number) : 0),
      );
    } catch {
      return false;
    }
  },
  edges: [[], [1], [1, 2], [2, 1], [1, 1], [0], [-1], ["1"], [Number.NaN], [Number.POSITIVE_INFINITY]],
  optional: false,
};

export const optionTable: OptionTable = {
  parameters: [{ of: "span", option: "name", range: aName, give: (name: never) => span(name) }],
  objects: [
    {
      of: "span",
      base: {},
      give: (options) => span("GET", options),
      ranges: {
        kind: optional(oneOf("internal", "server", "client", "producer", "consumer")),
        tracer: optional(withMethods({ startSpan() {} }, "startSpan")),
        attributes: optional(aFunction),
        message: optional(aBoolean),
      } satisfies Every<CallSpanOptions>,
    },
    {
      of: "observeMeters",
      base: {},
      give: (options) => observeMeters(options)[Symbol.dispose](),
      ranges: {
        provider: optional(withMethods(metrics.getMeterProvider(), "getMeter")),
        meters: optional(either(iterable, aFunction)),
        stacks: optional(services),
        durations: optional(aBoolean),
      } satisfies Every<ObserveMetersOptions>,
    },
    {
      of: "meterProducer",
      base: {},
      give: (options) => meterProducer(options)[Symbol.dispose](),
      ranges: {
        meters: optional(either(iterable, aFunction)),
        stacks: optional(services),
        histograms: optional(oneOf("explicit", "exponential")),
        boundaries: optional(rising),
        unitSuffix: optional(aBoolean),
      } satisfies Every<MeterProducerOptions>,
    },
  ],
  without: {
    activeSpan: "takes nothing",
  },
};

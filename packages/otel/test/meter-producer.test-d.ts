import type { MetricProducer } from "@opentelemetry/sdk-metrics";
import type { MetricProducer as MetricProducer3 } from "@sluice/test-kit/otel-3";
import { type Meter, meters } from "@sluice/meter";
import { expectTypeOf } from "vitest";
import { type CountingMeter, type MeterProducer, meterProducer } from "../src/index.ts";

// A reader of either SDK takes it.
expectTypeOf<MeterProducer>().toExtend<MetricProducer>();
expectTypeOf<MeterProducer>().toExtend<MetricProducer3>();

// Meters are what is exported.
expectTypeOf<Meter>().toExtend<CountingMeter>();
meterProducer({ meters: meters() });
meterProducer({ meters });

// @ts-expect-error -- a meter alone is not an iterable of meters
meterProducer({ meters: {} as Meter });
// @ts-expect-error -- Prometheus's word for them is not OpenTelemetry's
meterProducer({ histograms: "native" });

/**
 * Exports what the meters and the layers of a process count to OpenTelemetry, and through its exporter to Prometheus. `meterProducer`
 * is given to a reader of the SDK, and is read when the reader collects: nothing is recorded per call. `observeMeters` does the same through
 * the API. `span` is a layer that makes a span of each call, with each wait and each attempt apart.
 *
 * @packageDocumentation
 */
export { activeSpan } from "./active-span.ts";
export { defaultBoundaries } from "./durations.ts";
export type { CountingMeter, DurationCounts, MeterCounts } from "./metered.ts";
export type { MeterProducer, MeterProducerOptions } from "./meter-producer.ts";
export { meterProducer } from "./meter-producer.ts";
export type { ObserveMetersOptions } from "./observe-meters.ts";
export { observeMeters } from "./observe-meters.ts";
export type { Meters } from "./sources.ts";
export type { CallSpanOptions } from "./span.ts";
export { span } from "./span.ts";

/**
 * The newest SDK of OpenTelemetry, beside the one that `@sluice/otel` is developed with. It needs a newer version of the API, so it is
 * installed here, and Node.js 22.15: import it only there.
 *
 * @packageDocumentation
 */
// A newer API does not see what an older one has registered; the older one sees the newer.
export { context, diag } from "@opentelemetry/api";
export { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http-3";
export { PrometheusExporter } from "@opentelemetry/exporter-prometheus-3";
export type { MetricProducer } from "@opentelemetry/sdk-metrics-3";
export { MeterProvider, MetricReader, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics-3";
export { TracerProvider } from "@opentelemetry/sdk-trace-3";

/**
 * The newest SDK of OpenTelemetry, beside the one that `@sluice/otel` is developed with. It wants a newer version of the API, which is why it
 * is installed here, and Node.js 22.15: import it only there.
 *
 * @packageDocumentation
 */
// What is registered by an older API is invisible to a newer one, and not the other way round.
export { context, diag } from "@opentelemetry/api";
export { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http-3";
export { PrometheusExporter } from "@opentelemetry/exporter-prometheus-3";
export type { MetricProducer } from "@opentelemetry/sdk-metrics-3";
export { MeterProvider, MetricReader, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics-3";
export { TracerProvider } from "@opentelemetry/sdk-trace-3";

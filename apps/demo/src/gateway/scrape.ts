import type { IncomingMessage, ServerResponse } from "node:http";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { AnyService } from "@sluice/core";
import { meterProducer } from "@sluice/otel";

/** Whether somebody asks as Prometheus does. Others, curl among them, are told in JSON. */
export function isScrape({ headers }: IncomingMessage): boolean {
  return /text\/plain|openmetrics/.test(headers.accept ?? "");
}

/** Answers scrapes with what all meters count, and with the layers' own numbers. */
export function scraped(
  stacks: Readonly<Record<string, AnyService>>,
): (request: IncomingMessage, response: ServerResponse) => void {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    metricProducers: [meterProducer({ stacks, unitSuffix: true })],
  });
  // oxlint-disable-next-line eslint/no-new -- it gives the exporter what it reads, and is held by it
  new MeterProvider({ readers: [exporter] });
  return (request, response) => exporter.getMetricsRequestHandler(request, response);
}

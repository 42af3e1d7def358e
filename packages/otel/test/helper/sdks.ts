import * as prometheus2 from "@opentelemetry/exporter-prometheus";
import * as metrics2 from "@opentelemetry/sdk-metrics";
import { loopback } from "@sluice/test-kit";
import type { MeterProducer } from "../../src/index.ts";

/** One version of OpenTelemetry's SDK: what a scrape, and what a push of it has. */
export interface Sdk {
  readonly version: string;
  /** The text that its Prometheus exporter answers an HTTP request with. */
  scrape(producer: MeterProducer): Promise<string>;
  /** What its reader hands to an exporter. */
  collect(producer: MeterProducer): Promise<metrics2.CollectionResult>;
}

type Versioned = Pick<typeof metrics2, "MeterProvider" | "MetricReader"> &
  Pick<typeof prometheus2, "PrometheusExporter">;

function sdk(version: string, { MeterProvider, MetricReader, PrometheusExporter }: Versioned): Sdk {
  class Reader extends MetricReader {
    protected override async onForceFlush(): Promise<void> {}
    protected override async onShutdown(): Promise<void> {}
  }
  return {
    version,
    async scrape(producer) {
      const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [producer] });
      const provider = new MeterProvider({ readers: [exporter] });
      await using server = await loopback((request, response) => {
        exporter.getMetricsRequestHandler(request, response);
      });
      const response = await fetch(`${server.origin}/metrics`);
      const text = await response.text();
      await provider.shutdown();
      return text;
    },
    async collect(producer) {
      const reader = new Reader({ metricProducers: [producer] });
      const provider = new MeterProvider({ readers: [reader] });
      const result = await reader.collect();
      await provider.shutdown();
      return result;
    },
  };
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

async function sdk3(): Promise<Sdk[]> {
  // It asks for this version of Node.js.
  if (major < 22 || (major === 22 && minor < 15)) return [];
  const metrics = await import("@opentelemetry/sdk-metrics-3");
  const prometheus = await import("@opentelemetry/exporter-prometheus-3");
  return [sdk("3", { ...metrics, ...prometheus } as unknown as Versioned)];
}

/** Those that run on this version of Node.js. */
export const sdks: readonly Sdk[] = [sdk("2", { ...metrics2, ...prometheus2 }), ...(await sdk3())];

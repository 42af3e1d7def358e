import * as otlp2 from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter2 } from "@opentelemetry/exporter-metrics-otlp-proto";
import * as prometheus2 from "@opentelemetry/exporter-prometheus";
import type { Attributes, MeterProvider } from "@opentelemetry/api";
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
  /** Pushes one batch over OTLP/HTTP, in each encoding that there is an exporter for. */
  readonly push: readonly Push[];
  /** A provider of its own, and what its reader reads. */
  reading(): Reading;
}

interface Push {
  /** The media type of its requests. */
  readonly type: "application/json" | "application/x-protobuf";
  readonly batch: (producer: MeterProducer, url: string) => Promise<void>;
}

/** One number of a metric. Of a histogram, how many there are and their sum. */
type Value = readonly [name: string, unit: string, attributes: Attributes, value: unknown];

interface Reading extends AsyncDisposable {
  readonly provider: MeterProvider;
  values(): Promise<readonly Value[]>;
  /** What a scrape says. */
  scrape(): Promise<string>;
}

type Versioned = Pick<typeof metrics2, "MeterProvider" | "MetricReader" | "PeriodicExportingMetricReader"> &
  Pick<typeof prometheus2, "PrometheusExporter"> &
  Pick<typeof otlp2, "OTLPMetricExporter">;

function sdk(
  version: string,
  { MeterProvider, MetricReader, OTLPMetricExporter, PeriodicExportingMetricReader, PrometheusExporter }: Versioned,
  Protobuf?: typeof ProtobufExporter2,
): Sdk {
  const push = (type: Push["type"], Exporter: typeof OTLPMetricExporter | typeof ProtobufExporter2): Push => ({
    type,
    async batch(producer, url) {
      const reader = new PeriodicExportingMetricReader({
        exporter: new Exporter({ url, timeoutMillis: 5_000 }),
        metricProducers: [producer],
        exportIntervalMillis: 3_600_000,
      });
      const provider = new MeterProvider({ readers: [reader] });
      // It pushes what there is.
      await provider.shutdown();
    },
  });
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
    push: [
      push("application/json", OTLPMetricExporter),
      ...(Protobuf === undefined ? [] : [push("application/x-protobuf", Protobuf)]),
    ],
    reading() {
      const reader = new Reader({});
      const exporter = new PrometheusExporter({ preventServerStart: true });
      const provider = new MeterProvider({ readers: [reader, exporter] });
      return {
        provider,
        async values() {
          const { resourceMetrics, errors } = await reader.collect();
          if (errors.length > 0) throw new AggregateError(errors);
          return resourceMetrics.scopeMetrics
            .flatMap((scope) => scope.metrics)
            .flatMap(({ descriptor, dataPoints }) =>
              dataPoints.map(
                ({ attributes, value }) => [descriptor.name, descriptor.unit, attributes, plain(value)] as const,
              ),
            );
        },
        async scrape() {
          await using server = await loopback((request, response) => {
            exporter.getMetricsRequestHandler(request, response);
          });
          return await (await fetch(`${server.origin}/metrics`)).text();
        },
        [Symbol.asyncDispose]: () => provider.shutdown(),
      };
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

function plain(value: unknown): unknown {
  const { count, sum } = Object(value) as { readonly count?: number; readonly sum?: number };
  return count === undefined ? value : { count, sum: Number(sum!.toFixed(9)) };
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

async function sdk3(): Promise<Sdk[]> {
  // It asks for this version of Node.js.
  if (major < 22 || (major === 22 && minor < 15)) return [];
  return [sdk("3", (await import("@sluice/test-kit/otel-3")) as unknown as Versioned)];
}

/** Those that run on this version of Node.js. */
export const sdks: readonly Sdk[] = [
  sdk("2", { ...metrics2, ...prometheus2, ...otlp2 }, ProtobufExporter2),
  ...(await sdk3()),
];

import { gunzipSync } from "node:zlib";
import { loopback } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { meterProducer } from "../src/index.ts";
import { batchOf } from "./helper/otlp-schema.ts";
import { sdks } from "./helper/sdks.ts";
import { worked } from "./helper/worked.ts";

/** As much of OTLP, in its JSON as is looked at: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
interface Batch {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string }[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics: readonly Metric[];
    }[];
  }[];
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: {
    readonly dataPoints: readonly NumberPoint[];
    readonly isMonotonic: boolean;
    readonly aggregationTemporality: number;
  };
  readonly exponentialHistogram?: {
    readonly dataPoints: readonly HistogramPoint[];
    readonly aggregationTemporality: number;
  };
}

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

interface NumberPoint extends Point {
  readonly asDouble: number;
}

interface HistogramPoint extends Point {
  readonly count: number | string;
  readonly sum: number;
  readonly scale: number;
  readonly zeroCount: number | string;
  readonly positive: { readonly offset: number; readonly bucketCounts: readonly (number | string)[] };
}

const labelsOf = ({ attributes }: Point): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));

const pushes = sdks.flatMap(({ version, push }) => push.map((each) => ({ version, ...each })));

test.each(pushes)("a batch that SDK $version pushes as $type says what the snapshot says", async ({ type, batch }) => {
  const { seen, service, end } = await worked("orders", { "server.address": "db1" });
  const batches: { readonly path: string; readonly type: string; readonly batch: Batch }[] = [];
  await using collector = await loopback((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const bytes = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      batches.push({
        path: request.url!,
        type: request.headers["content-type"]!,
        batch: (type === "application/json" ? JSON.parse(bytes.toString()) : batchOf(bytes)) as Batch,
      });
      response.writeHead(200, { "content-type": type }).end(type === "application/json" ? "{}" : "");
    });
  });
  using producer = meterProducer({ meters: [seen], stacks: { orders: service }, histograms: "exponential" });
  await batch(producer, `${collector.origin}/v1/metrics`);
  expect(batches.map((each) => [each.path, each.type])).toEqual([["/v1/metrics", type]]);
  const [{ resource, scopeMetrics }] = batches[0]!.batch.resourceMetrics as [Batch["resourceMetrics"][0]];
  // Who it is from is the reader's to say.
  expect(resource.attributes.map(({ key }) => key)).toContain("service.name");
  expect(scopeMetrics.map(({ scope }) => scope.name)).toEqual(["@sluice/otel"]);
  const metrics = new Map(scopeMetrics[0]!.metrics.map((metric) => [metric.name, metric]));

  const snapshot = seen.snapshot();
  const own = { "sluice.meter.name": "orders", "server.address": "db1" };
  const granted = metrics.get("sluice.permit.granted")!;
  expect(granted.unit).toBe("{permit}");
  expect(granted.sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 }); // cumulative
  expect(granted.sum!.dataPoints.map((point) => [labelsOf(point), point.asDouble])).toEqual([[own, snapshot.granted]]);
  const waiting = metrics.get("sluice.ready.waiting")!.sum!;
  expect([waiting.isMonotonic, waiting.dataPoints[0]!.asDouble]).toEqual([false, snapshot.waiting]);
  const calls = metrics.get("sluice.calls")!.sum!.dataPoints.map((point) => [labelsOf(point), point.asDouble]);
  expect(calls).toContainEqual([{ ...own, "sluice.outcome": "ok" }, snapshot.calls.ok]);
  expect(calls).toContainEqual([
    { ...own, "sluice.outcome": "failed", "error.type": "E503" },
    snapshot.calls.failed["E503"],
  ]);
  const slots = metrics.get("sluice.layer.max")!.sum!.dataPoints;
  expect(slots.map((point) => [labelsOf(point)["sluice.layer"], point.asDouble])).toEqual([["concurrencyLimit", 2]]);

  for (const [name, histogram] of [
    ["sluice.ready.wait.duration", snapshot.wait],
    ["sluice.call.duration", snapshot.duration],
  ] as const) {
    const { unit, exponentialHistogram } = metrics.get(name)!;
    const [point] = exponentialHistogram!.dataPoints as [HistogramPoint];
    expect([unit, exponentialHistogram!.aggregationTemporality]).toEqual(["s", 2]);
    expect(point.sum).toBeCloseTo(histogram.sum / 1000, 9);
    expect([Number(point.count), Number(point.zeroCount), point.scale, point.positive.offset]).toEqual([
      histogram.count,
      histogram.zero,
      histogram.scale,
      histogram.offset,
    ]);
    expect(point.positive.bucketCounts.map(Number)).toEqual([...histogram.counts]);
    expect(BigInt(point.startTimeUnixNano)).toBeLessThanOrEqual(BigInt(point.timeUnixNano));
  }
  expect(JSON.stringify(batches)).not.toContain("4111"); // promise 22
  await end();
});

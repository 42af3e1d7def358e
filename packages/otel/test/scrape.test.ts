import { meter } from "@sluice/meter";
import { describe, expect, test } from "vitest";
import { meterProducer } from "../src/index.ts";
import { Samples } from "./helper/samples.ts";
import { sdks } from "./helper/sdks.ts";
import { worked } from "./helper/worked.ts";

describe.each(sdks)("through the Prometheus exporter of SDK $version, scraped over HTTP", (sdk) => {
  const scraped = async (...args: Parameters<typeof meterProducer>): Promise<Samples> => {
    using producer = meterProducer(...args);
    return new Samples(await sdk.scrape(producer));
  };

  test("promise 15: what a snapshot says is what a scrape says, in seconds", async () => {
    const { seen, end } = await worked();
    const samples = await scraped({ meters: [seen], unitSuffix: true });
    const snapshot = seen.snapshot();
    const of = { sluice_meter_name: "orders" };
    expect(samples.value("sluice_ready_waiting", of)).toBe(snapshot.waiting);
    expect(samples.value("sluice_permit_reserved", of)).toBe(snapshot.reserved);
    expect(samples.value("sluice_call_active", of)).toBe(snapshot.active);
    expect(samples.value("sluice_work_abandoned", of)).toBe(snapshot.abandoned);
    expect(samples.value("sluice_permit_granted_total", of)).toBe(snapshot.granted);
    expect(samples.value("sluice_permit_released_total", of)).toBe(snapshot.released);
    expect(samples.value("sluice_ready_refused_total", { ...of, sluice_layer: "concurrencyLimit" })).toBe(
      snapshot.refused,
    );
    const ended = (outcome: string, name = "sluice_calls_total", more = {}) =>
      samples.value(name, { ...of, sluice_outcome: outcome, ...more });
    expect(ended("ok")).toBe(snapshot.calls.ok);
    expect(ended("aborted")).toBe(snapshot.calls.aborted);
    expect(ended("failed", "sluice_calls_total", { error_type: "E503" })).toBe(snapshot.calls.failed["E503"]);
    expect(ended("aborted", "sluice_ready_failed_total")).toBe(snapshot.unready.aborted);
    for (const [name, histogram] of [
      ["sluice_ready_wait_duration_seconds", snapshot.wait],
      ["sluice_call_duration_seconds", snapshot.duration],
    ] as const) {
      expect(samples.value(`${name}_count`, of)).toBe(histogram.count);
      expect(samples.value(`${name}_sum`, of)).toBeCloseTo(histogram.sum / 1000, 9);
    }
    // All of them are something: or the test would compare nothing with nothing.
    const { waiting, active, abandoned, released, refused, unready, calls, wait } = snapshot;
    expect([waiting, active, abandoned, released, refused, unready.aborted, calls.aborted, wait.count]).toEqual([
      1, 1, 1, 1, 1, 1, 1, 1,
    ]);
    expect(samples.value("sluice_ready_wait_duration_seconds_sum")).toBeCloseTo(0.3, 9);
    await end();
  });

  test("promise 16: buckets are cumulative, the last has all, and each wait is above the one below its own", async () => {
    const { seen, end } = await worked();
    const samples = await scraped({ meters: [seen], unitSuffix: true });
    const buckets = samples.of("sluice_ready_wait_duration_seconds_bucket");
    const les = buckets.map(({ labels }) => Number(labels["le"]!.replace("+Inf", "Infinity")));
    expect(les).toEqual([...les].sort((one, other) => one - other));
    expect(les.at(-1)).toBe(Number.POSITIVE_INFINITY);
    // One wait of 0.3 s, between 2^-2 and 2^-1 s.
    expect(buckets.map(({ value }) => value)).toEqual(les.map((le) => (le >= 0.5 ? 1 : 0)));
    await end();
  });

  test("promise 16: two meters of one name and attributes are one series, their sum, and no series is written twice", async () => {
    const one = await worked("db", { "server.address": "db1", role: "reads" });
    const other = await worked("db", { role: "reads", "server.address": "db1" });
    const third = await worked("db", { "server.address": "db2" });
    const samples = await scraped({ meters: [one.seen, other.seen, third.seen], unitSuffix: true });
    const db1 = { server_address: "db1" };
    expect(samples.value("sluice_permit_granted_total", db1)).toBe(one.seen.granted + other.seen.granted);
    expect(samples.value("sluice_call_duration_seconds_count", db1)).toBe(2 * one.seen.snapshot().duration.count);
    expect(samples.value("sluice_call_active", { server_address: "db2" })).toBe(third.seen.active);
    const series = samples.all.map(({ name, labels }) => JSON.stringify([name, labels]));
    expect(new Set(series).size).toBe(series.length);
    await Promise.all([one.end(), other.end(), third.end()]);
  });

  test("promise 16: no metric is without points", async () => {
    const samples = await scraped({ meters: [meter("new")] });
    for (const name of samples.types.keys()) {
      expect(samples.all.filter((sample) => sample.name.startsWith(name))).not.toEqual([]);
    }
    expect(samples.types.has("sluice_ready_refused_total")).toBe(false);
  });

  test("promise 18: names have the unit and the types that the specification gives to what is pushed", async () => {
    const { seen, service, end } = await worked();
    const samples = await scraped({ meters: [seen], stacks: { orders: service }, unitSuffix: true });
    const named = Object.fromEntries([...samples.types].filter(([name]) => name.startsWith("sluice_")));
    using pushing = meterProducer({ meters: [seen], stacks: { orders: service } });
    const { resourceMetrics } = await sdk.collect(pushing);
    const pushed = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    expect(named).toEqual(Object.fromEntries(pushed.map(translated)));
    await end();
  });

  test("promise 22: no message of a failure leaves the process", async () => {
    const { seen, end } = await worked();
    using producer = meterProducer({ meters: [seen] });
    expect(await sdk.scrape(producer)).not.toContain("4111");
    await end();
  });
});

/** https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics: what is in braces is no unit, and a counter ends in _total. */
function translated(metric: { descriptor: { name: string; unit: string }; isMonotonic?: boolean }): [string, string] {
  const { name, unit } = metric.descriptor;
  const parts = [name.replaceAll(".", "_"), ...(unit === "s" ? ["seconds"] : [])];
  if (metric.isMonotonic === undefined) return [parts.join("_"), "histogram"];
  return metric.isMonotonic ? [[...parts, "total"].join("_"), "counter"] : [parts.join("_"), "gauge"];
}

// What a scrape sees
//
// A service lets two calls in at once, 100 ms each. Every second a burst of ten comes: for 400 ms there is a line, then there is
// none. Prometheus reads the process every five seconds, between two bursts. A meter counts, and OpenTelemetry's exporter is
// read by HTTP as Prometheus does it.
//
// The failure it prevents: a line that comes and goes between two scrapes, and is in no graph. A gauge says what is at the moment
// of the scrape: nothing. The seconds that callers have waited are a sum, which misses nothing: the seconds waited in a second
// are how many waited, on average (Little's law).

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { meter } from "@sluice/meter";
import { meterProducer } from "@sluice/otel";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to: ten seconds are over at once.
const clock = new VirtualClock();

// ── What is watched ──────────────────────────────────────────────────────────────────────────────────────────────────

const service = new ServiceBuilder()
  .layer(meter("orders", { clock }))
  .layer(concurrencyLimit(2, { clock }))
  .serviceFn((_order: number) => new Promise<void>((done) => clock.setTimeout(done, 100)));

// ── How it is read ───────────────────────────────────────────────────────────────────────────────────────────────────

// The producer is asked when the exporter is. A call records nothing for it.
using producer = meterProducer({ stacks: { orders: service }, unitSuffix: true });
const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [producer] });
const provider = new MeterProvider({ readers: [exporter] });
const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

/** The samples of a scrape by the name of the metric. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: "close" } });
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("sluice_"));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf("{")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

// ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function fiveSeconds(): Promise<void> {
  for (let second = 0; second < 5; second++) {
    for (let order = 0; order < 10; order++) void service.call(order);
    await clock.advanceAsync(1_000);
  }
}

await fiveSeconds();
const before = await scrape();
await fiveSeconds();
const after = await scrape();

/** By how much a sum has grown in each second, as `rate(…[5s])` has it. */
const rate = (name: string): number => (after.get(name)! - before.get(name)!) / 5;

const waiting = after.get("sluice_ready_waiting")!;
const waited = rate("sluice_ready_wait_duration_seconds_sum");
const worked = rate("sluice_call_duration_seconds_sum");
console.log(`calls a second               ${rate("sluice_permit_granted_total")}`);
console.log(`in line, by the gauge        ${waiting}`);
console.log(`in line, by what was waited  ${waited.toFixed(2)} on average`);
console.log(`at work, by what was worked  ${worked.toFixed(2)} on average`);
console.log(
  `slots of the limit           ${after.get("sluice_layer_max")}, in use at the scrape: ${after.get("sluice_layer_active")}`,
);

assert.equal(rate("sluice_permit_granted_total"), 10);
assert.equal(waiting, 0); // the gauge saw none of ten bursts
// Two of ten wait 100 ms, two 200, two 300 and two 400: two seconds in each second.
assert.ok(Math.abs(waited - 2) < 1e-6);
assert.ok(Math.abs(worked - 1) < 1e-6); // ten calls of 100 ms

await provider.shutdown();
server.close();

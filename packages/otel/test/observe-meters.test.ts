import { context, diag, metrics } from "@opentelemetry/api";
import { events, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { meter } from "@sluice/meter";
import { unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { afterEach, describe, expect, test } from "vitest";
import { meterProducer, observeMeters, type ObserveMetersOptions } from "../src/index.ts";
import { Samples } from "./helper/samples.ts";
import { sdks } from "./helper/sdks.ts";
import { worked } from "./helper/worked.ts";

const complaints: unknown[] = [];
diag.setLogger({
  error: (...words: unknown[]) => void complaints.push(words.at(-1)),
  warn: (...words: unknown[]) => void complaints.push(words.at(-1)),
  info() {},
  debug() {},
  verbose() {},
});
const begun: Disposable[] = [];

/** Ends with the test; to be ended twice is no harm. */
function observing(options: ObserveMetersOptions): Disposable {
  const observed = observeMeters(options);
  begun.push(observed);
  return observed;
}

function nothingIsLeft(): void {
  for (const observed of begun.splice(0)) observed[Symbol.dispose]();
  expect(complaints.splice(0)).toEqual([]);
}
afterEach(nothingIsLeft);

describe.each(sdks)("through the API and the reader of SDK $version", (sdk) => {
  test("promise 15: numbers are those that a producer would give, of meters, layers and events", async () => {
    const { seen, service, end } = await worked();
    const sources = { meters: [seen], stacks: { orders: service } };
    const producer = meterProducer(sources);
    await using reading = sdk.reading();
    const observed = observing({ ...sources, provider: reading.provider });
    events.emit({ type: "retry-denied", layer: "retry", source: {}, reason: "budget" });
    const collected = await reading.values();
    const { resourceMetrics } = await producer.collect();
    const produced = resourceMetrics.scopeMetrics
      .flatMap((scope) => scope.metrics)
      .filter(({ descriptor }) => !descriptor.name.endsWith(".duration"))
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => [descriptor.name, descriptor.unit, attributes, value] as const),
      );
    // How long the longest holder has had its slot is measured from the first time that somebody asks.
    const timeless = (all: readonly (readonly [string, ...unknown[]])[]) =>
      all.filter(([name]) => name !== "sluice.layer.oldest");
    expect(timeless(collected)).toEqual(timeless(produced));
    expect(collected.length).toBeGreaterThan(15);
    observed[Symbol.dispose]();
    await end();
    // The SDK goes on with what was last observed.
    expect(timeless(await reading.values())).toEqual(timeless(collected));
    producer[Symbol.dispose]();
    expect(events.listening).toBe(false);
  });

  test("promise 16: two meters of one name and attributes are one series, their sum", async () => {
    const one = await worked("db", { role: "reads" });
    const other = await worked("db", { role: "reads" });
    await using reading = sdk.reading();
    observing({ meters: [one.seen, other.seen], provider: reading.provider });
    const granted = (await reading.values()).filter(([name]) => name === "sluice.permit.granted");
    expect(granted.map(([, , , value]) => value)).toEqual([one.seen.granted + other.seen.granted]);
    await Promise.all([one.end(), other.end()]);
  });

  test("with durations each is recorded, in seconds, by the buckets of the dashboard; and none after the end", async () => {
    const clock = new VirtualClock();
    const [seen, ignored] = [meter("timed", { clock, attributes: { role: "reads" } }), meter("ignored", { clock })];
    const service = new ServiceBuilder()
      .layer(ignored)
      .layer(seen)
      .layer(concurrencyLimit(1, { clock }))
      .serviceFn((ms: number) => new Promise<void>((done) => clock.setTimeout(done, ms)));
    await using reading = sdk.reading();
    const observed = observing({ meters: [seen], provider: reading.provider, durations: true });
    const both = Promise.all([service.call(300), service.call(40)]);
    await clock.advanceAsync(300);
    await clock.advanceAsync(40);
    await both;
    const labels = { "sluice.meter.name": "timed", role: "reads" };
    const timed = (await reading.values()).filter(([name]) => name.endsWith(".duration"));
    expect(timed).toEqual([
      ["sluice.ready.wait.duration", "s", labels, { count: 1, sum: 0.3 }],
      ["sluice.call.duration", "s", labels, { count: 2, sum: 0.34 }],
    ]);
    const samples = new Samples(await reading.scrape());
    expect(samples.value("sluice_call_duration_bucket", { le: "0.0625" })).toBe(1);
    observed[Symbol.dispose]();
    const last = service.call(5);
    await clock.advanceAsync(5);
    await last;
    const after = (await reading.values()).filter(([name]) => name === "sluice.call.duration");
    expect(after.map(([, , , value]) => value)).toEqual([{ count: 2, sum: 0.34 }]);
  });

  test("calls and waits during which the clock was set back are recorded, as 0", async () => {
    const clock = new VirtualClock(1000);
    const seen = meter("set back", { clock });
    const service = new ServiceBuilder()
      .layer(seen)
      .layer(concurrencyLimit(1, { clock }))
      .serviceFn((ms: number) => new Promise<void>((done) => clock.setTimeout(done, ms)));
    await using reading = sdk.reading();
    observing({ meters: [seen], provider: reading.provider, durations: true });
    const both = Promise.all([service.call(5), service.call(10)]);
    clock.jump(-100);
    await clock.advanceAsync(5);
    clock.jump(-100);
    await clock.advanceAsync(10);
    await both;
    const timed = (await reading.values()).filter(([name]) => name.endsWith(".duration"));
    expect(timed.map(([name, , , value]) => [name, value])).toEqual([
      ["sluice.ready.wait.duration", { count: 1, sum: 0 }],
      ["sluice.call.duration", { count: 2, sum: 0 }],
    ]);
    const { wait, duration } = seen.snapshot();
    expect([wait, duration]).toMatchObject([
      { count: 1, sum: 0 },
      { count: 2, sum: 0 },
    ]);
  });

  test("meters that are made later count, and without durations nobody listens to calls", async () => {
    await using reading = sdk.reading();
    observing({ provider: reading.provider, durations: true });
    const later = meter(`made later ${sdk.version}`);
    const service = new ServiceBuilder().layer(later).serviceFn(async () => {});
    await service.call(1);
    const own = (await reading.values()).filter(
      ([, , labels]) => labels["sluice.meter.name"] === `made later ${sdk.version}`,
    );
    expect(own.find(([name]) => name === "sluice.call.duration")?.[3]).toMatchObject({ count: 1 });
    expect(own.find(([name]) => name === "sluice.permit.granted")?.[3]).toBe(1);
  });

  test("a function that says which meters is asked at each collection", async () => {
    const clock = new VirtualClock();
    const later = meter("later", { clock });
    const service = new ServiceBuilder().layer(later).serviceFn(async () => {});
    const chosen = [meter("first", { clock })];
    await using reading = sdk.reading();
    observing({ provider: reading.provider, durations: true, meters: () => chosen });
    await service.call(1);
    chosen.push(later);
    await reading.values();
    await service.call(1);
    const timed = (await reading.values()).filter(([name]) => name === "sluice.call.duration");
    expect(timed).toEqual([["sluice.call.duration", "s", { "sluice.meter.name": "later" }, { count: 1, sum: 0 }]]);
  });

  test("a meter that throws is missing, OpenTelemetry's diagnostics are told, and the others are there", async () => {
    const broken = new Error("no snapshot");
    const throwing = {
      snapshot(): never {
        throw broken;
      },
    };
    await using reading = sdk.reading();
    observing({ provider: reading.provider, meters: [throwing, meter("whole")] });
    const active = (await reading.values()).filter(([name]) => name === "sluice.call.active");
    expect(active).toHaveLength(1);
    expect(complaints.splice(0)).toEqual([broken]);
  });

  test("a function that throws harms neither calls nor the collection", async () => {
    const trap = (): never => {
      throw new Error("trap");
    };
    const seen = meter("seen");
    const service = new ServiceBuilder().layer(seen).serviceFn(async () => "ok");
    await using reading = sdk.reading();
    observing({ provider: reading.provider, meters: trap, durations: true });
    expect(await service.call(1)).toBe("ok");
    expect(await reading.values()).toEqual([]);
    expect(complaints.splice(0)).toEqual([new Error("trap")]);
  });
});

test("a histogram of somebody's own that throws harms no call: it is reported", async () => {
  const trap = (): never => {
    throw new Error("trap");
  };
  const nothing = { addCallback() {}, removeCallback() {} };
  const provider = {
    getMeter: () => ({
      createObservableCounter: () => nothing,
      createObservableUpDownCounter: () => nothing,
      createHistogram: () => ({ record: trap }),
      addBatchObservableCallback() {},
      removeBatchObservableCallback() {},
    }),
  };
  const seen = meter("seen");
  const service = new ServiceBuilder().layer(seen).serviceFn(async () => "ok");
  observing({ provider: provider as never, durations: true, meters: [seen] });
  const reported = await unhandledIn(async () => void (await service.call(1)));
  expect(reported).toEqual([new Error("trap")]);
  expect(seen.snapshot().duration.count).toBe(1);
});

test("promise 23: without an SDK nothing is exported and nothing throws", async () => {
  const seen = meter("seen");
  const service = new ServiceBuilder().layer(seen).serviceFn(async () => "ok");
  expect(metrics.getMeterProvider()).toBeDefined();
  const observed = observing({ durations: true });
  expect(await service.call(1)).toBe("ok");
  observed[Symbol.dispose]();
  expect(context.active()).toBeDefined();
});

test.each<[ObserveMetersOptions, RegExp]>([
  [{ provider: {} as never }, /provider .* getMeter/],
  [{ durations: "yes" as never }, /durations .* "yes"/],
  [{ meters: 5 as never }, /observeMeters: meters .* 5/],
  [{ stacks: { orders: 5 as never } }, /observeMeters: stacks\["orders"\] .* 5/],
  [{ metres: [] } as never, /metres is not an option/],
])("%o is refused", (options, message) => {
  expect(() => observeMeters(options)).toThrow(TypeError);
  expect(() => observeMeters(options)).toThrow(message);
});

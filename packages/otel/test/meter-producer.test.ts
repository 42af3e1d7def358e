import { events, gate, type LayerEvent, madeOf, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { meter } from "@sluice/meter";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { defaultBoundaries, meterProducer, type MeterProducer } from "../src/index.ts";
import { sdks } from "./helper/sdks.ts";
import { worked } from "./helper/worked.ts";

/** The points of one metric. */
async function pointsOf(producer: MeterProducer, name: string) {
  const { resourceMetrics, errors } = await producer.collect();
  expect(errors).toEqual([]);
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  return metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
}

async function valuesOf(producer: MeterProducer, name: string) {
  const points = await pointsOf(producer, name);
  return points.map(({ attributes, value }) => ({ ...attributes, value }));
}

/** A meter whose calls took so long. */
async function timed(durations: readonly number[], point = "timed") {
  const clock = new VirtualClock();
  const seen = meter(point, { clock });
  const service = new ServiceBuilder()
    .layer(seen)
    .serviceFn((ms: number) => new Promise<void>((done) => clock.setTimeout(done, ms)));
  for (const ms of durations) {
    const call = service.call(ms);
    await clock.advanceAsync(ms);
    await call;
  }
  return seen;
}

describe.each(sdks)("promise 17: exponential histograms, collected by a reader of SDK $version", (sdk) => {
  test("points are at scale 3, with every call in the bucket of the specification's formula, and zero apart", async () => {
    const durations = [0, 0, 1, 3, 3, 17, 125, 250, 999, 1000, 4321];
    using producer = meterProducer({ meters: [await timed(durations)], histograms: "exponential" });
    const { resourceMetrics } = await sdk.collect(producer);
    const metric = resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === "sluice.call.duration")!;
    const value = metric.dataPoints[0]!.value as unknown as {
      readonly scale: number;
      readonly zeroCount: number;
      readonly positive: { readonly offset: number; readonly bucketCounts: readonly number[] };
    };
    expect([value.scale, value.zeroCount]).toEqual([3, 2]);
    const expected = new Map<number, number>();
    for (const ms of durations.filter((each) => each > 0)) {
      const index = Math.ceil(Math.log2(ms / 1000) * 2 ** 3) - 1;
      expected.set(index, (expected.get(index) ?? 0) + 1);
    }
    const found = value.positive.bucketCounts.map((count, at) => [value.positive.offset + at, count] as const);
    expect(found.filter(([, count]) => count > 0)).toEqual([...expected].sort(([one], [other]) => one - other));
  });
});

describe("durations", () => {
  test("those of two meters of one name are in one histogram, wherever each of them begins", async () => {
    const meters = [await timed([3, 40]), await timed([500]), await timed([])];
    const all = await timed([3, 40, 500]);
    for (const histograms of ["explicit", "exponential"] as const) {
      for (const order of [meters, [...meters].reverse()]) {
        using one = meterProducer({ meters: order, histograms });
        using other = meterProducer({ meters: [all], histograms });
        const [together] = await pointsOf(one, "sluice.call.duration");
        const [alone] = await pointsOf(other, "sluice.call.duration");
        expect(together!.value).toEqual(alone!.value);
      }
    }
  });

  test("with boundaries of ones own each is below the first boundary that is not below it", async () => {
    const durations = [1, 9, 31, 62.5, 250, 260, 2000];
    const boundaries = [0.03125, 0.25, 1];
    using producer = meterProducer({ meters: [await timed(durations)], boundaries });
    const [point] = await pointsOf(producer, "sluice.call.duration");
    expect(point!.value).toMatchObject({ buckets: { boundaries, counts: [3, 2, 1, 1] }, count: 7, max: 2 });
  });

  test("with boundaries beyond the last bucket of a meter none is shown shorter than it was", async () => {
    const hour = 3_600_000;
    const boundaries = [1, 6 * 3600, 8 * 3600, 24 * 3600];
    using producer = meterProducer({ meters: [await timed([500, 4 * hour, 10 * hour, 5 * hour])], boundaries });
    const [point] = await pointsOf(producer, "sluice.call.duration");
    expect(point!.value).toMatchObject({ buckets: { counts: [1, 1, 0, 0, 2] }, count: 4, max: 10 * 3600 });
  });

  test("a boundary that is a power of 2^(1/8) loses nothing, however it is rounded", async () => {
    const boundaries = Array.from({ length: 24 }, (_, index) => 2 ** (index / 8 - 2));
    const durations = boundaries.map((boundary) => 1000 * boundary * (1 - 1e-6));
    using producer = meterProducer({ meters: [await timed(durations)], boundaries });
    const [point] = await pointsOf(producer, "sluice.call.duration");
    expect(point!.value).toMatchObject({ buckets: { counts: [...durations.map(() => 1), 0] } });
  });

  test("buckets of two widths are never added up", async () => {
    const seen = await timed([5]);
    const { count, sum, max, zero, offset, counts } = seen.snapshot().duration;
    const finer = { count, sum, max, zero, scale: 4, offset, counts };
    const other = { snapshot: () => ({ ...seen.snapshot(), duration: finer }) };
    using producer = meterProducer({ meters: [seen, other] });
    const { errors } = await producer.collect();
    expect(errors).toEqual([expect.any(RangeError)]);
  });

  test("the default boundaries are 18 powers of two", () => {
    expect(defaultBoundaries.map(Math.log2)).toEqual(Array.from({ length: 18 }, (_, index) => index - 11));
  });
});

describe("which meters", () => {
  test("all of the process, as they are when it is collected", async () => {
    using producer = meterProducer();
    const later = meter("made after the producer");
    const names = (await valuesOf(producer, "sluice.call.active")).map((point) => point["sluice.meter.name" as never]);
    expect(names).toContain(later.snapshot().name);
  });

  test("those of an iterator, such as `meters()`, at each collection", async () => {
    const [one, two] = [meter("one"), meter("two")];
    function* both() {
      yield one;
      yield two;
    }
    using producer = meterProducer({ meters: both() });
    expect(await pointsOf(producer, "sluice.call.active")).toHaveLength(2);
    expect(await pointsOf(producer, "sluice.call.active")).toHaveLength(2);
  });

  test("those that a function says at each collection", async () => {
    const chosen = [meter("one")];
    using producer = meterProducer({ meters: () => chosen });
    expect(await pointsOf(producer, "sluice.call.active")).toHaveLength(1);
    chosen.push(meter("two"));
    expect(await pointsOf(producer, "sluice.call.active")).toHaveLength(2);
  });

  test("a meter that is named twice counts once", async () => {
    const { seen, end } = await worked();
    using producer = meterProducer({ meters: [seen, seen] });
    expect(await valuesOf(producer, "sluice.permit.granted")).toMatchObject([{ value: seen.granted }]);
    await end();
  });

  test("a meter that throws is missing, and its error is told; the others are there", async () => {
    const broken = new Error("no snapshot");
    const throwing = {
      snapshot(): never {
        throw broken;
      },
    };
    using producer = meterProducer({ meters: [throwing, meter("whole")] });
    const { errors, resourceMetrics } = await producer.collect();
    expect(errors).toEqual([broken]);
    expect(resourceMetrics.scopeMetrics[0]!.metrics[0]!.dataPoints).toHaveLength(1);
  });

  test("a meter of another make that lacks some of it is left out as a whole; the others are there", async () => {
    const seen = await timed([5]);
    const whole = seen.snapshot();
    const { wait: _wait, ...lacksWait } = whole;
    const { calls: _calls, ...lacksCalls } = whole;
    const broken = [{}, lacksWait, lacksCalls, { ...whole, duration: { count: 1, sum: 5, scale: 3 } }];
    const others = broken.map((counts) => ({ snapshot: () => ({ ...counts, name: "broken" }) as typeof whole }));
    for (const histograms of ["explicit", "exponential"] as const) {
      using producer = meterProducer({ meters: [...others, seen], histograms });
      using alone = meterProducer({ meters: [seen], histograms });
      const { resourceMetrics, errors } = await producer.collect();
      expect(errors).toEqual(broken.map(() => expect.any(TypeError) as TypeError));
      const valuesIn = ({ scopeMetrics }: typeof resourceMetrics) =>
        scopeMetrics.flatMap(({ metrics }) =>
          metrics.flatMap(({ descriptor: { name }, dataPoints }) =>
            dataPoints.map(({ attributes, value }) => ({ name, attributes, value })),
          ),
        );
      expect(valuesIn(resourceMetrics)).toEqual(valuesIn((await alone.collect()).resourceMetrics));
    }
  });

  test("where there is none, there is no scope without metrics", async () => {
    using producer = meterProducer({ meters: [] });
    expect((await producer.collect()).resourceMetrics.scopeMetrics).toEqual([]);
  });
});

describe("stacks", () => {
  const named = (value: number, layer: string, id: string) => ({
    "sluice.stack.name": "orders",
    "sluice.layer": layer,
    "sluice.layer.id": id,
    value,
  });

  test("each layer's own numbers are exported, by its place in the stack", async () => {
    const clock = new VirtualClock();
    const slots = new Semaphore(2, { clock });
    const inner = concurrencyLimit(5, { clock });
    const service = new ServiceBuilder()
      .layer(gate(slots, { name: "outer" }))
      .layer(inner)
      .serviceFn(async () => {});
    using producer = meterProducer({ meters: [], stacks: { orders: service } });
    await producer.collect(); // the first reading of `oldest` begins its measurement
    const permit = service.tryReady()!;
    await clock.advanceAsync(2500);
    expect(await valuesOf(producer, "sluice.layer.active")).toEqual([named(1, "concurrencyLimit", "ni")]);
    expect(await valuesOf(producer, "sluice.layer.max")).toEqual([named(5, "concurrencyLimit", "ni")]);
    expect(await valuesOf(producer, "sluice.layer.available")).toEqual([named(4, "concurrencyLimit", "ni")]);
    expect(await valuesOf(producer, "sluice.layer.oldest")).toEqual([named(2.5, "concurrencyLimit", "ni")]);
    permit.release();
  });

  test("a limit without a bound has no max", async () => {
    const service = new ServiceBuilder().layer(concurrencyLimit(Number.POSITIVE_INFINITY)).serviceFn(async () => {});
    using producer = meterProducer({ meters: [], stacks: { orders: service } });
    expect(await pointsOf(producer, "sluice.layer.max")).toEqual([]);
    expect(await pointsOf(producer, "sluice.layer.active")).toHaveLength(1);
  });

  test("branches are told apart, and a service inside itself is entered once", async () => {
    const branch = (max: number) => new ServiceBuilder().layer(concurrencyLimit(max)).serviceFn(async () => {});
    const table = serviceFn(async () => {});
    const branches = [branch(1), branch(2), table] as const;
    madeOf(table, { name: "table", branches: () => branches.entries() });
    using producer = meterProducer({ meters: [], stacks: { orders: table } });
    expect(await valuesOf(producer, "sluice.layer.max")).toEqual([
      named(1, "concurrencyLimit", "n_0"),
      named(2, "concurrencyLimit", "n_1"),
    ]);
  });
});

describe("events", () => {
  const event = (type: string, more: object = {}): LayerEvent => ({ type, layer: "retry", source: {}, ...more });

  test("they are counted by type, layer and reason, from the making of the producer until it is disposed of", async () => {
    events.emit(event("retry"));
    const producer = meterProducer({ meters: [] });
    expect(events.listening).toBe(true);
    events.emit(event("retry-denied", { reason: "budget" }));
    events.emit(event("retry-denied", { reason: "budget" }));
    events.emit(event("retry-denied", { reason: "deadline" }));
    events.emit(event("hedge", { reason: 5 }));
    events.emit(event("constructor"));
    events.emit(event("abandoned", { settled: false }));
    events.emit(event("abandoned", { settled: true }));
    producer[Symbol.dispose]();
    expect(events.listening).toBe(false);
    events.emit(event("retry"));
    const layer = { "sluice.layer": "retry" };
    expect(await valuesOf(producer, "sluice.events")).toEqual([
      { "sluice.event.type": "retry-denied", ...layer, "sluice.reason": "budget", value: 2 },
      { "sluice.event.type": "retry-denied", ...layer, "sluice.reason": "deadline", value: 1 },
      { "sluice.event.type": "hedge", ...layer, value: 1 },
      { "sluice.event.type": "constructor", ...layer, value: 1 },
      { "sluice.event.type": "abandoned", ...layer, value: 1 },
      { "sluice.event.type": "abandoned", ...layer, "sluice.reason": "settled", value: 1 },
    ]);
  });

  test("without end of new kinds there are 501 series, and none is lost", async () => {
    using producer = meterProducer({ meters: [] });
    for (let kind = 0; kind < 600; kind++) events.emit(event(`kind ${kind}`));
    events.emit(event("kind 7"));
    const values = await valuesOf(producer, "sluice.events");
    expect(values).toHaveLength(501);
    expect(values.at(-1)).toEqual({ "sluice.event.type": "_OTHER", value: 100 });
    expect(values[7]).toMatchObject({ value: 2 });
  });
});

describe("promise 23: without an SDK", () => {
  test("a producer that nobody collects reads nothing of a meter", async () => {
    const { seen, service, end } = await worked();
    let read = 0;
    const watched = {
      snapshot() {
        read++;
        return seen.snapshot();
      },
    };
    using producer = meterProducer({ meters: [watched] });
    await end();
    await service.call("ok");
    expect(read).toBe(0);
    await producer.collect();
    expect(read).toBe(1);
  });
});

describe("options", () => {
  test("services that cannot be read are refused", () => {
    const hidden = new Error("hidden");
    const stacks = new Proxy(
      {},
      {
        ownKeys() {
          throw hidden;
        },
      },
    );
    expect(() => meterProducer({ stacks })).toThrow(TypeError);
    expect(() => meterProducer({ stacks })).toThrow(/stacks could not be read/);
  });

  test.each([
    [{ histograms: "native" as "explicit" }, RangeError, /histograms .* "native"/],
    [{ boundaries: [] }, TypeError, /boundaries .* an array/],
    [{ boundaries: [1, 1] }, RangeError, /boundaries\[1\] .* above 1; received 1/],
    [{ boundaries: [0] }, RangeError, /boundaries\[0\] .* above 0; received 0/],
    [{ unitSuffix: "yes" as unknown as boolean }, TypeError, /unitSuffix .* "yes"/],
    [{ meters: 5 as unknown as [] }, TypeError, /meters .* 5/],
    [{ meters: null as unknown as [] }, TypeError, /meters .* null/],
    [{ stacks: { orders: 5 as never } }, TypeError, /stacks\["orders"\] .* 5/],
    [{ unitSuffix: true, suffix: true }, TypeError, /suffix is not an option/],
  ])("%o is refused", (options, kind, message) => {
    expect(() => meterProducer(options)).toThrow(kind);
    expect(() => meterProducer(options)).toThrow(message);
  });
});

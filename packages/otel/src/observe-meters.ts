import { type Attributes, type BatchObservableResult, diag, type MeterProvider, metrics } from "@opentelemetry/api";
import type { AnyService } from "@sluice/core";
import { dispose, readOptions, requireBoolean, requireMethods } from "@sluice/core/kit";
import { hearDurations } from "./duration-listeners.ts";
import { defaultBoundaries } from "./durations.ts";
import { EventCounts } from "./event-counts.ts";
import { meterHistograms, sumInstruments } from "./instruments.ts";
import { attributesOf, type CountingMeter } from "./metered.ts";
import { Readings } from "./readings.ts";
import { type Meters, requireMeters, requireStacks } from "./sources.ts";

/** Options of {@link observeMeters}. */
export interface ObserveMetersOptions {
  /** Whose instruments are used; default `metrics.getMeterProvider()`, as it is when `observeMeters` is called. */
  readonly provider?: MeterProvider | undefined;
  /** Which meters are exported, or a function that says so at each collection; default all meters of the process. */
  readonly meters?: Meters | undefined;
  /** Services by name, whose layers' own numbers are exported too: `{ orders }`. Default: none. */
  readonly stacks?: Readonly<Record<string, AnyService>> | undefined;
  /**
   * Whether each wait and each call is recorded in a histogram of OpenTelemetry, which costs each of them some hundred nanoseconds; default
   * false: no durations. Of meters that `meters` names, those that it had named by the last collection.
   */
  readonly durations?: boolean | undefined;
}

const owner = "observeMeters";

/**
 * Exports what {@link meterProducer} does through OpenTelemetry's API, for a program that cannot reach the readers of its SDK: one that is set
 * up by the environment, or by somebody else. Call it after the SDK has begun. Numbers are read when a reader collects; durations are
 * exported with `durations: true` alone, and recorded call by call.
 *
 * Use one of the two, or each number is there twice.
 *
 * @example
 * const observed = observeMeters({ stacks: { orders }, durations: true });
 * // … and when it is no longer wanted
 * observed[Symbol.dispose]();
 *
 * @returns what ends it: nothing is read any more, and events are no longer counted. An SDK may go on exporting what was last read
 * @throws TypeError when an option is not what it must be
 */
export function observeMeters(options?: ObserveMetersOptions): Disposable {
  const read = readOptions<ObserveMetersOptions>(owner, options, ["provider", "meters", "stacks", "durations"]);
  const { provider = metrics.getMeterProvider(), durations = false } = read;
  requireMethods(owner, "provider", provider, "a provider of meters", ["getMeter"]);
  const meters = requireMeters(owner, read.meters);
  const stacks = requireStacks(owner, read.stacks);
  requireBoolean(owner, "durations", durations);
  const api = provider.getMeter("@sluice/otel");
  const observables = new Map(
    sumInstruments.map((sum) => {
      const { name, unit, description, monotonic } = sum;
      const about = { unit, description };
      return [
        sum,
        monotonic ? api.createObservableCounter(name, about) : api.createObservableUpDownCounter(name, about),
      ] as const;
    }),
  );
  const events = new EventCounts();
  const recording = durations ? record(api, read.meters === undefined ? undefined : meters) : undefined;
  const collect = (result: BatchObservableResult): void => {
    recording?.look();
    const readings = new Readings();
    readings.addMeters(meters);
    for (const [stack, service] of stacks) readings.addStack(stack, service);
    for (const [sum, attributes, value] of readings.values(events.series)) {
      result.observe(observables.get(sum)!, value, attributes);
    }
    // The SDK drops all that was observed where this throws.
    for (const error of readings.errors) diag.error(`${owner}: something could not be read, and is missing`, error);
  };
  const all = [...observables.values()];
  api.addBatchObservableCallback(collect, all);
  return {
    [dispose]() {
      api.removeBatchObservableCallback(collect, all);
      events.dispose();
      recording?.end();
    },
  };
}

/**
 * Records each duration from now on.
 *
 * @param meters of which meters; of all where it is undefined
 */
function record(
  api: ReturnType<MeterProvider["getMeter"]>,
  meters: (() => Iterable<CountingMeter>) | undefined,
): { look(): void; end(): void } {
  const [wait, call] = meterHistograms.map(({ name, unit, description }) =>
    api.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...defaultBoundaries] } }),
  );
  const attributes = new WeakMap<CountingMeter, Attributes>();
  let chosen: WeakSet<CountingMeter> | undefined;
  const look = (): void => {
    if (meters === undefined) return;
    chosen = new WeakSet();
    try {
      for (const meter of meters()) chosen.add(meter);
    } catch {
      // Told with the readings.
    }
  };
  look();
  const end = hearDurations((meter, what, ms) => {
    if (chosen?.has(meter) === false) return;
    let known = attributes.get(meter);
    if (known === undefined) {
      known = attributesOf(meter.snapshot());
      attributes.set(meter, known);
    }
    // As a meter's own histograms do: a clock that went backwards is taken to have stood still. The SDK drops what is below 0.
    (what === "wait" ? wait : call)!.record(Math.max(ms, 0) / 1000, known);
  });
  return { look, end };
}

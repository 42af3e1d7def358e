import type { AnyService } from "@sluice/core";
import { dispose, readOptions, requireArray, requireBoolean, requireNumber, requireOneOf } from "@sluice/core/kit";
import { defaultBoundaries } from "./durations.ts";
import { EventCounts } from "./event-counts.ts";
import { type Collected, collected, type WallTime } from "./metric-data.ts";
import { Readings } from "./readings.ts";
import { type Meters, requireMeters, requireStacks } from "./sources.ts";

/** Options of {@link meterProducer}. */
export interface MeterProducerOptions {
  /** Which meters are exported, or a function that says so at each collection; default all meters of the process. */
  readonly meters?: Meters | undefined;
  /** Services by name, whose layers' own numbers are exported too: `{ orders }`. Default: none. */
  readonly stacks?: Readonly<Record<string, AnyService>> | undefined;
  /** `"explicit"` (default) for Prometheus's scrapes; `"exponential"` for readers that push through OTLP. */
  readonly histograms?: "explicit" | "exponential" | undefined;
  /**
   * The boundaries of explicit histograms: rising numbers of seconds, above 0. Default {@link defaultBoundaries}. Powers of 2^(1/8) are
   * exact up to 2^13.875 (4.2 h); at others a count may be one bucket too high, and what took longer than 4.2 h is above all of them.
   */
  readonly boundaries?: readonly number[] | undefined;
  /** Whether durations are named `….seconds`; default false. True for OpenTelemetry's JavaScript Prometheus exporter, which leaves the unit out. */
  readonly unitSuffix?: boolean | undefined;
}

/** What a reader of OpenTelemetry's SDK takes as one of its `metricProducers`. */
export interface MeterProducer extends Disposable {
  /** Reads all that is exported. Never rejects: what went wrong is in `errors`. */
  collect(): Promise<Collected>;
  /** Stops counting events. Those counted so far, and meters, are still exported. */
  [Symbol.dispose](): void;
}

const owner = "meterProducer";

/**
 * Exports what meters count, what layers announce through core's `events`, and the numbers of the layers of `stacks`, as metrics of
 * OpenTelemetry. Nothing is recorded per call: all of it is read when a reader collects. Numbers are cumulative. Events are counted from
 * the making of the producer, so make it at the start, and once for each reader.
 *
 * Meters with equal names and attributes are one series, their sum.
 *
 * @example
 * const exporter = new PrometheusExporter({ port: 9464, metricProducers: [meterProducer({ unitSuffix: true })] });
 * const provider = new MeterProvider({ readers: [exporter] });
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function meterProducer(options?: MeterProducerOptions): MeterProducer {
  const read = readOptions(owner, options, ["meters", "stacks", "histograms", "boundaries", "unitSuffix"]);
  const meters = requireMeters(owner, read.meters);
  const stacks = requireStacks(owner, read.stacks);
  const { histograms: given = "explicit" } = read;
  const histograms = requireOneOf(owner, "histograms", given, ["explicit", "exponential"]);
  const boundaries = requireBoundaries(read.boundaries);
  const { unitSuffix = false } = read;
  requireBoolean(owner, "unitSuffix", unitSuffix);
  const startTime = wallTime();
  const events = new EventCounts();
  return {
    collect() {
      const readings = new Readings();
      readings.addMeters(meters);
      for (const [stack, service] of stacks) readings.addStack(stack, service);
      const form = {
        startTime,
        endTime: wallTime(),
        unitSuffix,
        boundaries: histograms === "explicit" ? boundaries : undefined,
      };
      return Promise.resolve(collected(readings.metrics(events.series, form), readings.errors));
    },
    [dispose]() {
      events.dispose();
    },
  };
}

/** Metrics carry the time of the wall, which no `Clock` tells. */
function wallTime(): WallTime {
  // oxlint-disable-next-line eslint/no-restricted-properties -- see above
  const ms = Date.now();
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}

function requireBoundaries(boundaries: readonly number[] = defaultBoundaries): readonly number[] {
  requireArray(owner, "boundaries", boundaries, "an array of at least one number", 1);
  const copy = Array.from(boundaries);
  for (const [index, boundary] of copy.entries()) {
    const min = index === 0 ? 0 : copy[index - 1]!;
    requireNumber(owner, `boundaries[${index}]`, boundary, { min, above: true });
  }
  return copy;
}

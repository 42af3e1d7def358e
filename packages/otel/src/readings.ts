import type { AnyService } from "@sluice/core";
import { copyOf, explicit, exponential, together } from "./durations.ts";
import {
  type Instrument,
  layerSums,
  meterHistograms,
  meterSums,
  type SumInstrument,
  sumInstruments,
} from "./instruments.ts";
import { layerFigures } from "./layer-figures.ts";
import { attributesOf, type CountingMeter, type DurationCounts, type MeterCounts } from "./metered.ts";
import {
  type Attributes,
  cumulative,
  type DataPoint,
  double,
  type MetricData,
  pointType,
  type WallTime,
} from "./metric-data.ts";
import { Series } from "./series.ts";

/** How readings are written down. */
interface Form {
  readonly startTime: WallTime;
  readonly endTime: WallTime;
  readonly unitSuffix: boolean;
  /** Of explicit histograms, in seconds; undefined for exponential ones. */
  readonly boundaries: readonly number[] | undefined;
}

/** What was read at one collection. Somebody else's part that throws is missing, and its error is kept. */
export class Readings {
  readonly errors: unknown[] = [];
  private readonly sums = new Map<Instrument, Series<number>>();
  private readonly histograms = new Map<Instrument, Series<DurationCounts>>();

  constructor() {
    for (const sum of [...meterSums, ...layerSums]) this.sums.set(sum, new Series((value, more) => value + more));
    for (const histogram of meterHistograms) this.histograms.set(histogram, new Series(together));
  }

  addMeters(meters: () => Iterable<CountingMeter>): void {
    this.attempt(() => {
      for (const meter of new Set(meters())) this.attempt(() => this.addMeter(meter.snapshot()));
    });
  }

  addStack(stack: string, service: AnyService): void {
    this.attempt(() => {
      for (const [sum, attributes, value] of layerFigures(stack, service)) this.sums.get(sum)!.add(attributes, value);
    });
  }

  /** Each number, with its attributes. */
  *values(
    events: Series<number>,
  ): IterableIterator<readonly [sum: SumInstrument, attributes: Attributes, value: number]> {
    for (const sum of sumInstruments) {
      for (const { attributes, value } of (this.sums.get(sum) ?? events).points()) yield [sum, attributes, value];
    }
  }

  /** Those that have points. */
  metrics(events: Series<number>, form: Form): MetricData[] {
    return [
      ...sumInstruments.map((sum) => sumData(sum, this.sums.get(sum) ?? events, form)),
      ...meterHistograms.map((histogram) => histogramData(histogram, this.histograms.get(histogram)!, form)),
    ].filter(({ dataPoints }) => dataPoints.length > 0);
  }

  private addMeter(counts: MeterCounts): void {
    const own = attributesOf(counts);
    // All of it is read before any of it is added: of a meter that cannot be read nothing is exported.
    const durations = meterHistograms.map((histogram) => [histogram, copyOf(histogram.of(counts))] as const);
    const points = meterSums.map((sum) => [sum, [...sum.points(counts)]] as const);
    for (const [sum, values] of points) {
      for (const [value, more] of values) this.sums.get(sum)!.add({ ...own, ...more }, value);
    }
    for (const [histogram, value] of durations) this.histograms.get(histogram)!.add(own, value);
  }

  private attempt(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.errors.push(error);
    }
  }
}

function sumData(sum: SumInstrument, series: Series<number>, form: Form): MetricData {
  return {
    ...described(sum, form),
    dataPointType: pointType.sum,
    isMonotonic: sum.monotonic,
    dataPoints: pointsOf(series, form, (value) => value),
  };
}

function histogramData(histogram: Instrument, series: Series<DurationCounts>, form: Form): MetricData {
  const { boundaries } = form;
  const about = described(histogram, form);
  return boundaries === undefined
    ? { ...about, dataPointType: pointType.exponentialHistogram, dataPoints: pointsOf(series, form, exponential) }
    : {
        ...about,
        dataPointType: pointType.histogram,
        dataPoints: pointsOf(series, form, (durations) => explicit(durations, boundaries)),
      };
}

function described(
  { name, unit, description }: Instrument,
  { unitSuffix }: Form,
): Pick<MetricData, "descriptor" | "aggregationTemporality"> {
  return {
    descriptor: { name: unitSuffix && unit === "s" ? `${name}.seconds` : name, description, unit, valueType: double },
    aggregationTemporality: cumulative,
  };
}

function pointsOf<Value, Written>(
  series: Series<Value>,
  { startTime, endTime }: Form,
  written: (value: Value) => Written,
): DataPoint<Written>[] {
  return Array.from(series.points(), ({ attributes, value }) => ({
    startTime,
    endTime,
    attributes: { ...attributes },
    value: written(value),
  }));
}

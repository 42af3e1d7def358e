/*
 * As much of the data model of OpenTelemetry's SDK as a `MetricProducer` returns. The types are written down here, and are assignable to
 * those of `@opentelemetry/sdk-metrics` 2 and 3: importing them would bind this package to one version of the SDK.
 */

/** Seconds and nanoseconds of the wall clock. */
export type WallTime = [seconds: number, nanoseconds: number];

export type Attributes = Record<string, string>;

export interface DataPoint<Value> {
  readonly startTime: WallTime;
  readonly endTime: WallTime;
  readonly attributes: Attributes;
  readonly value: Value;
}

export interface ExplicitHistogram {
  readonly buckets: { boundaries: number[]; counts: number[] };
  readonly count: number;
  readonly sum: number;
  readonly max?: number;
}

export interface ExponentialHistogram {
  readonly count: number;
  readonly sum: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: { offset: number; bucketCounts: number[] };
  readonly negative: { offset: number; bucketCounts: number[] };
  readonly max?: number;
}

/** `AggregationTemporality.CUMULATIVE` of the SDK. */
export const cumulative = 1;
/** `ValueType.DOUBLE` of the API. */
export const double = 1;
/** `DataPointType` of the SDK. */
export const pointType = { histogram: 0, exponentialHistogram: 1, sum: 3 } as const;

interface Described {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly valueType: typeof double;
  };
  readonly aggregationTemporality: typeof cumulative;
}

interface SumData extends Described {
  readonly dataPointType: typeof pointType.sum;
  readonly dataPoints: DataPoint<number>[];
  readonly isMonotonic: boolean;
}

interface HistogramData extends Described {
  readonly dataPointType: typeof pointType.histogram;
  readonly dataPoints: DataPoint<ExplicitHistogram>[];
}

interface ExponentialHistogramData extends Described {
  readonly dataPointType: typeof pointType.exponentialHistogram;
  readonly dataPoints: DataPoint<ExponentialHistogram>[];
}

export type MetricData = SumData | HistogramData | ExponentialHistogramData;

/** A reader takes its own resource, and not that of its producers. */
interface NoResource {
  readonly attributes: Record<string, never>;
  merge(other: any): any;
  getRawAttributes(): [];
}

/** What one collection returns. */
export interface Collected {
  resourceMetrics: {
    resource: NoResource;
    scopeMetrics: { scope: { readonly name: string }; metrics: MetricData[] }[];
  };
  /** What was thrown meanwhile. What could be read is in the metrics. */
  errors: unknown[];
}

const noResource: NoResource = {
  attributes: {},
  merge(other: unknown): unknown {
    return other ?? noResource;
  },
  getRawAttributes: () => [],
};

export function collected(metrics: MetricData[], errors: unknown[]): Collected {
  const scopeMetrics = metrics.length > 0 ? [{ scope: { name: "@sluice/otel" }, metrics }] : [];
  return { resourceMetrics: { resource: noResource, scopeMetrics }, errors };
}

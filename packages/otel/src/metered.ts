/*
 * What is read of a meter. `@sluice/meter` makes them; this package does not import it, so that the meters of whichever copy and version
 * are exported, and a meter of anyone's own can be.
 */

/** Durations in exponential buckets of base 2^(2^-scale), in milliseconds: `HistogramSnapshot` of `@sluice/meter`. */
export interface DurationCounts {
  readonly count: number;
  /** In milliseconds. */
  readonly sum: number;
  /** In milliseconds; 0 where there is none. */
  readonly max: number;
  /** How many are in no bucket, for they were too short. */
  readonly zero: number;
  readonly scale: number;
  /** The index of the first of `counts`. */
  readonly offset: number;
  /** `counts[i]` is for the durations above 2^((offset + i) / 2^scale) seconds, up to 2^((offset + i + 1) / 2^scale). */
  readonly counts: readonly number[];
}

/** What a meter has counted at one moment: `MeterSnapshot` of `@sluice/meter`. */
export interface MeterCounts {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly waiting: number;
  readonly reserved: number;
  readonly active: number;
  readonly abandoned: number;
  readonly granted: number;
  readonly released: number;
  readonly refusedBy: Readonly<Record<string, number>>;
  readonly unready: { readonly aborted: number; readonly failed: Readonly<Record<string, number>> };
  readonly calls: { readonly ok: number; readonly aborted: number; readonly failed: Readonly<Record<string, number>> };
  readonly wait: DurationCounts;
  readonly duration: DurationCounts;
}

/** What can be exported: a meter of `@sluice/meter`, for instance. */
export interface CountingMeter {
  snapshot(): MeterCounts;
}

/** What all series of a meter have. */
export function attributesOf({ name, attributes }: MeterCounts): Record<string, string> {
  return { ...attributes, "sluice.meter.name": name };
}

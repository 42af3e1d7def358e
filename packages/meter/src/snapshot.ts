import type { Counts, Ends } from "./counts.ts";
import { Histogram } from "./histogram.ts";
import type { HistogramSnapshot } from "./histogram-snapshot.ts";

/** How many waits, or calls, ended without success. */
export interface EndsSnapshot {
  /** The caller gave up: they ended with the reason of the caller's own signal. */
  readonly aborted: number;
  /** Failures, by code. */
  readonly failed: Readonly<Record<string, number>>;
}

/** What a meter has counted, at one moment. Plain values, for exporters and logs. */
export interface MeterSnapshot {
  /** What the point is called. */
  readonly name: string;
  /** The meter's further labels. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Now: callers that asked for readiness and have no answer yet. */
  readonly waiting: number;
  /** Now: permits reserved that are neither spent nor released. */
  readonly reserved: number;
  /** Now: calls begun that have no answer. */
  readonly active: number;
  /** Now: calls whose work goes on after their answer, handed up with `waitUntil`. */
  readonly abandoned: number;
  /** Permits granted, from the beginning. */
  readonly granted: number;
  /** Permits released unspent, from the beginning. */
  readonly released: number;
  /** Refusals, from the beginning: callers that got no permit and did not wait for one. */
  readonly refused: number;
  /** The same, by the name of the layer that refused; `unknown` where it did not say. */
  readonly refusedBy: Readonly<Record<string, number>>;
  /** Questions for readiness that ended without a permit. */
  readonly unready: EndsSnapshot;
  /** Calls that have been answered. */
  readonly calls: EndsSnapshot & {
    /** With a response. */
    readonly ok: number;
  };
  /** How long callers waited that had to wait and got a permit. Empty with `durations: false`. */
  readonly wait: HistogramSnapshot;
  /** How long calls took, from their start to their answer. Empty with `durations: false`. */
  readonly duration: HistogramSnapshot;
}

const nothingRecorded = new Histogram().snapshot();

export function snapshotOf(name: string, attributes: Readonly<Record<string, string>>, counts: Counts): MeterSnapshot {
  const { waiting, reserved, active, abandoned, granted, released, refused, ok } = counts;
  return {
    name,
    attributes,
    waiting,
    reserved,
    active,
    abandoned,
    granted,
    released,
    refused,
    refusedBy: counts.refusedBy.snapshot(),
    unready: snapshotOfEnds(counts.unready),
    calls: { ok, ...snapshotOfEnds(counts.calls) },
    wait: counts.wait?.snapshot() ?? nothingRecorded,
    duration: counts.duration?.snapshot() ?? nothingRecorded,
  };
}

function snapshotOfEnds({ aborted, failed }: Ends): EndsSnapshot {
  return { aborted, failed: failed.snapshot() };
}

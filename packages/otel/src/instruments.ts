import type { DurationCounts, MeterCounts } from "./metered.ts";
import type { Attributes } from "./metric-data.ts";

/** What a metric is called, and in what it is measured. */
export interface Instrument {
  readonly name: string;
  /** `s`, or the thing that is counted in braces. */
  readonly unit: string;
  readonly description: string;
}

/** A number: a counter, which only grows, or an up-down counter. */
export interface SumInstrument extends Instrument {
  readonly monotonic: boolean;
}

/** A value, with what it has for attributes beside those of the meter. */
type Point = readonly [value: number, more?: Attributes];

export interface MeterSum extends SumInstrument {
  points(counts: MeterCounts): Iterable<Point>;
}

export interface MeterHistogram extends Instrument {
  of(counts: MeterCounts): DurationCounts;
}

/** The numbers of meters. Names follow OpenTelemetry's conventions for rate limits and for pools of connections. */
export const meterSums: readonly MeterSum[] = [
  now("sluice.ready.waiting", "{request}", "Callers that asked for readiness and have no answer yet.", "waiting"),
  now("sluice.permit.reserved", "{permit}", "Permits reserved that are neither spent nor released.", "reserved"),
  now("sluice.call.active", "{call}", "Calls begun that have no answer.", "active"),
  now("sluice.work.abandoned", "{call}", "Calls whose work goes on after their answer.", "abandoned"),
  count("sluice.permit.granted", "{permit}", "Permits granted.", ({ granted }) => [[granted]]),
  count("sluice.permit.released", "{permit}", "Permits given back unspent.", ({ released }) => [[released]]),
  count(
    "sluice.ready.refused",
    "{request}",
    "Callers that got no permit and did not wait, by layer.",
    ({ refusedBy }) => Object.entries(refusedBy).map(([layer, refused]) => [refused, { "sluice.layer": layer }]),
  ),
  count("sluice.ready.failed", "{request}", "Waits for readiness that ended without a permit.", ({ unready }) => [
    [unready.aborted, { "sluice.outcome": "aborted" }],
    ...failures(unready.failed),
  ]),
  count("sluice.calls", "{call}", "Calls that have been answered, by outcome.", ({ calls }) => [
    [calls.ok, { "sluice.outcome": "ok" }],
    [calls.aborted, { "sluice.outcome": "aborted" }],
    ...failures(calls.failed),
  ]),
];

/** The durations of meters. */
export const meterHistograms: readonly MeterHistogram[] = [
  {
    name: "sluice.ready.wait.duration",
    unit: "s",
    description: "How long callers waited that had to wait and got a permit.",
    of: ({ wait }) => wait,
  },
  {
    name: "sluice.call.duration",
    unit: "s",
    description: "How long calls took, from their start to their answer.",
    of: ({ duration }) => duration,
  },
];

/** What layers announce through core's `events`. */
const eventCounter: SumInstrument = {
  name: "sluice.events",
  unit: "{event}",
  description: "What layers announced, by type, layer and reason.",
  monotonic: true,
};

/** A number that a layer counts itself. */
export interface LayerSum extends SumInstrument {
  /** The layer's member. */
  readonly member: string;
  /** What one of the member's units is in `unit`. */
  readonly factor: number;
}

export const layerSums: readonly LayerSum[] = [
  slots("active", "Slots of the layer in use."),
  slots("waiting", "Callers in the layer's line."),
  slots("available", "Slots of the layer that are free."),
  slots("max", "Slots of the layer; left out where there is no bound."),
  {
    name: "sluice.layer.oldest",
    unit: "s",
    description: "How long the longest holder has had its slot.",
    monotonic: false,
    member: "oldest",
    factor: 1 / 1000,
  },
];

/** All that are numbers. */
export const sumInstruments: readonly SumInstrument[] = [...meterSums, eventCounter, ...layerSums];

function now(
  name: string,
  unit: string,
  description: string,
  member: "waiting" | "reserved" | "active" | "abandoned",
): MeterSum {
  return { name, unit, description, monotonic: false, points: (counts) => [[counts[member]]] };
}

function count(name: string, unit: string, description: string, points: MeterSum["points"]): MeterSum {
  return { name, unit, description, monotonic: true, points };
}

function slots(member: string, description: string): LayerSum {
  return { name: `sluice.layer.${member}`, unit: "{slot}", description, monotonic: false, member, factor: 1 };
}

function failures(failed: Readonly<Record<string, number>>): Point[] {
  return Object.entries(failed).map(([code, times]) => [times, { "sluice.outcome": "failed", "error.type": code }]);
}

/**
 * Counts what passes one point of a stack: callers that wait, permits that are held, calls that run, refusals by layer, how calls
 * ended, and how long waits and calls took. `meter` is the layer; `meters` iterates over all meters of a process.
 *
 * @packageDocumentation
 */
export { toDiagnosticsChannel } from "./diagnostics-channel.ts";
export type { HistogramSnapshot } from "./histogram-snapshot.ts";
export type { Meter, MeterOptions } from "./meter.ts";
export { meter } from "./meter.ts";
export { meters } from "./meters.ts";
export type { EndsSnapshot, MeterSnapshot } from "./snapshot.ts";

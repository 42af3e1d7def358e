/**
 * What policies count with: windows of outcomes, moving averages, quantiles of latencies. Plain classes with constant memory and
 * without a clock: times are handed in. Under semver, as the rest of the package.
 *
 * @packageDocumentation
 */
export { CountWindow } from "./stats/count-window.ts";
export { Ewma, PeakEwma } from "./stats/ewma.ts";
export { Latencies } from "./stats/latencies.ts";
export type { WindowCounts } from "./stats/time-window.ts";
export { TimeWindow } from "./stats/time-window.ts";

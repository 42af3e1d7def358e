/**
 * A concurrency limit that finds itself: `adaptiveLimit` measures how long calls take, or how many are refused, and lets in as many at
 * once as the service can take. The rest wait in line.
 *
 * @packageDocumentation
 */
export type { AdaptiveLimitLayer, AdaptiveLimitOptions } from "./adaptive-limit.ts";
export { adaptiveLimit } from "./adaptive-limit.ts";
export type { AdaptiveLimitGateOptions } from "./adaptive-limit-gate.ts";
export { AdaptiveLimit } from "./adaptive-limit-gate.ts";
export type { AimdOptions } from "./aimd.ts";
export { aimd } from "./aimd.ts";
export type { LimitBounds } from "./bounds.ts";
export type { Classification } from "./classify.ts";
export type { GradientOptions } from "./gradient.ts";
export { gradient } from "./gradient.ts";
export type { LimitAlgorithm, LimitSample } from "./limit-algorithm.ts";
export type { WindowOptions } from "./window-options.ts";
export type { VegasOptions } from "./vegas.ts";
export { vegas } from "./vegas.ts";

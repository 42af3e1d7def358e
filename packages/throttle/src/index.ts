/**
 * A client-side throttle: it refuses locally what the other side would refuse, in proportion.
 *
 * @packageDocumentation
 */
export type { Throttles, ThrottleLayer } from "./throttle-layer.ts";
export { throttle } from "./throttle-layer.ts";
export type { ThrottleOptions, ThrottledCall, ThrottleVerdict } from "./options.ts";
export { Throttle } from "./throttle.ts";

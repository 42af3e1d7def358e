/**
 * A client-side throttle: it refuses locally what the other side would refuse, in proportion.
 *
 * @packageDocumentation
 */
export type { ThrottleLayer } from "./throttle-layer.ts";
export { throttle } from "./throttle-layer.ts";
export type { ThrottleOptions } from "./options.ts";
export { Throttle } from "./throttle.ts";
export type { ThrottleVerdict } from "./verdict.ts";

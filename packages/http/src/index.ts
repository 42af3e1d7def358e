/**
 * Put a stack of Sluice layers in front of HTTP handlers, and behind the calls that they make.
 *
 * @packageDocumentation
 */
export type { HttpLayer, HttpOptions } from "./http.ts";
export { http } from "./http.ts";

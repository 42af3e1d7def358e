/**
 * Lets a number of calls run at once, or start in a span of time, and lines up the rest.
 *
 * @packageDocumentation
 */
export { limit } from "./limit.ts";

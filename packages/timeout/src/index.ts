/**
 * Gives up on a call that takes too long, and says so to the work.
 *
 * @packageDocumentation
 */
export { timeout } from "./timeout.ts";

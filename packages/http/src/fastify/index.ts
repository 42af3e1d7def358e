/**
 * Puts a stack in front of the routes of Fastify 5.
 *
 * @packageDocumentation
 */
export type { AroundFastify, GuardOptions } from "./guard.ts";
export { guard } from "./guard.ts";
export { signalOf } from "./signal-of.ts";

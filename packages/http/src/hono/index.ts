/**
 * Puts a stack in front of the routes of Hono 4, on any runtime.
 *
 * @packageDocumentation
 */
export type { GuardEnv, GuardOptions } from "./guard.ts";
export { guard } from "./guard.ts";

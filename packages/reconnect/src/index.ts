/**
 * A service that is made when it is first needed, and again when it breaks: a connection. Readiness is the connection, so that a caller
 * learns before its call that there is none, and can go elsewhere.
 *
 * @packageDocumentation
 */
export type { Backoff, BackoffStep } from "./backoff.ts";
export type { ConnectionState } from "./connector.ts";
export type { ReconnectOptions, StateChange } from "./options.ts";
export type { Reconnect } from "./reconnect.ts";
export { reconnect } from "./reconnect.ts";

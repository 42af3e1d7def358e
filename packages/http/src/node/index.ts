/**
 * Puts a stack in front of any server of `node:http` and `node:http2`: plain, Express 4 and 5, anything that takes
 * `(request, response, next)`. And protects and stops such servers: `harden`, `serverOptions`, `drain`.
 *
 * @packageDocumentation
 */
export { ClientGoneError, isClientGoneError } from "./client-gone-error.ts";
export type { NodeServer } from "./connections.ts";
export type { Drained, DrainOptions } from "./drain.ts";
export { drain } from "./drain.ts";
export type { AroundNode, Guard, GuardedRequest, GuardOptions, NextFunction } from "./guard.ts";
export { guard } from "./guard.ts";
export type { Hardened, HardenOptions } from "./harden.ts";
export { harden } from "./harden.ts";
export type { NodeRequest, NodeResponse } from "./node-http.ts";
export type { ServerTimes } from "./server-options.ts";
export { serverOptions } from "./server-options.ts";
export { signalOf } from "./signal-of.ts";

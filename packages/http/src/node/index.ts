/**
 * Puts a stack in front of any server of `node:http`: plain, Express 4 and 5, whatever takes `(request, response, next)`; and of `node:http2`. And what such a
 * server needs to hold: `harden`, `serverOptions`, `drain`.
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

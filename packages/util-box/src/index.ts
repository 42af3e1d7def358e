/**
 * Erases the types of stacks, so that differing ones fit one routing table: a service over services, each with limits of its
 * own, where one that is full does not block the others.
 *
 * @packageDocumentation
 */
export type { Boxes, BoxLayer, BoxService } from "./boxed.ts";
export { boxed, boxLayer } from "./boxed.ts";
export type { RequestOfAll } from "./request-of-all.ts";
export { isRouteNotFoundError, RouteNotFoundError } from "./route-not-found-error.ts";
export type { RoutingTable, RoutingTableOptions } from "./routing-table.ts";
export { routingTable } from "./routing-table.ts";
export { steer } from "./steer.ts";

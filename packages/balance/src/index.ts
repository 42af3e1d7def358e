/**
 * One service over many equal ones: it sends each request to the less busy of two endpoints, skips endpoints that fail, and adds and
 * deletes endpoints while it runs. `@sluice/balance/hash` chooses the endpoint by a key of the request.
 *
 * @packageDocumentation
 */
export type { Balance, RequestOfAll } from "./balance.ts";
export { balance } from "./balance.ts";
export type { BalanceChange } from "./change.ts";
export type { ConsistentHash, HashPlaces, Placed } from "./consistent-hash.ts";
export type { EndpointUpdate } from "./discovery.ts";
export type { BalanceEndpoint } from "./endpoint.ts";
export type { Load } from "./load.ts";
export type { BalanceOptions, EndpointEntry, EndpointOptions, OutlierOptions } from "./options.ts";
export type { Verdict } from "./verdict.ts";

/**
 * One service over many that are the same: the less busy of two, endpoints that come and go, those that fail left out. Where a request
 * shall go by its key, `@sluice/balance/hash` has the ways.
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

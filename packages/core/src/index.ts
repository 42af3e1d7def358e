/**
 * The contract: services that say when they are ready, permits, gates, and the builder that stacks layers.
 *
 * @packageDocumentation
 */
export { core } from "./core.ts";

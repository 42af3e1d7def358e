/** The contract: services that say when they are ready, permits, gates, and the builder that stacks layers. */
export function core(): string {
  return "core";
}

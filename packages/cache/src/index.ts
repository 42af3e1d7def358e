/**
 * Keeps a stampede away from a service: `coalesce` makes one call for all who ask for the same at the same time.
 *
 * @packageDocumentation
 */
export type { CoalesceLayer, CoalesceOptions } from "./coalesce.ts";
export { coalesce } from "./coalesce.ts";

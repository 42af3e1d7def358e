/**
 * Refuses at once what would have to wait: `loadShed` is always ready, and a call that the service inside has no
 * capacity for fails with `OverloadedError`.
 *
 * @packageDocumentation
 */
export { isOverloadedError, OverloadedError } from "@sluice/core";
export type { LoadShedLayer, LoadShedOptions } from "./load-shed.ts";
export { loadShed } from "./load-shed.ts";

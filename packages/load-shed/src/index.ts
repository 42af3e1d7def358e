/**
 * Refuses at once what would have to wait.
 *
 * @packageDocumentation
 */
export { loadShed } from "./load-shed.ts";

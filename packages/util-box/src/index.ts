/**
 * Erases the type of a stack, so that differing stacks fit one routing table.
 *
 * @packageDocumentation
 */
export { utilBox } from "./util-box.ts";

/**
 * Small layers that change a request, a response or a failure, and ways to combine services.
 *
 * @packageDocumentation
 */
export { util } from "./util.ts";

/**
 * Keeps a bounded number of requests in line, so that callers see readiness where the inner service has none.
 *
 * @packageDocumentation
 */
export { buffer } from "./buffer.ts";

/**
 * Tries a request again when a policy says so, with backoff, jitter and a budget.
 *
 * @packageDocumentation
 */
export { retry } from "./retry.ts";

/**
 * Checks every promise of the contract for a layer or a gate of any make. An entry point of its own: it needs fast-check, an optional
 * peer dependency, and a mock service and a virtual clock do not.
 *
 * @packageDocumentation
 */
export type { MakeLayer } from "./check-contract.ts";
export { checkContract } from "./check-contract.ts";
export type { CheckOptions } from "./check-options.ts";
export type { PromiseNumber } from "./promises/promises.ts";
export type { ContractReport, PromiseFinding } from "./report.ts";
export type { BadOption } from "./scenarios/bad-option.ts";

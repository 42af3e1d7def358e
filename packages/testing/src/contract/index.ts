/**
 * Checks every promise of the contract for any layer or gate. It is a separate entry point, for it needs fast-check, an optional peer
 * dependency; the mock service and the virtual clock do not.
 *
 * @packageDocumentation
 */
export type { MakeLayer } from "./check-contract.ts";
export { checkContract } from "./check-contract.ts";
export type { CheckOptions } from "./check-options.ts";
export type { PromiseNumber } from "./promises/promises.ts";
export type { ContractReport, PromiseFinding } from "./report.ts";
export type { BadOption } from "./scenarios/bad-option.ts";

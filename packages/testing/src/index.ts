/**
 * Drives a layer from a test: a mock service, a virtual clock, and a check of every promise of the contract.
 *
 * @packageDocumentation
 */
export type { BadOption } from "./contract/bad-option.ts";
export type { CheckOptions } from "./contract/check-options.ts";
export type { MakeSubject } from "./check-contract.ts";
export { checkContract } from "./check-contract.ts";
export type { PromiseNumber } from "./contract-promise.ts";
export type { ContractReport, PromiseFinding } from "./contract-report.ts";
export type { MockHandle, MockRequest } from "./mock-handle.ts";
export { mockService } from "./mock-service.ts";
export { VirtualClock } from "./virtual-clock.ts";

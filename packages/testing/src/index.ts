/**
 * Drives a layer from a test: a mock service and a virtual clock. `@sluice/testing/contract` checks every promise of the contract.
 *
 * @packageDocumentation
 */
export { VirtualClock } from "./clock/virtual-clock.ts";
export type { MockHandle, MockRequest } from "./mock/mock-handle.ts";
export { mockService } from "./mock/mock-service.ts";

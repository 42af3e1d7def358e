/**
 * Drives a layer from a test: a mock service, a virtual clock, and a check of every promise of the contract.
 *
 * @packageDocumentation
 */
export type { MockHandle, MockRequest } from "./mock-service.ts";
export { mockService } from "./mock-service.ts";
export { VirtualClock } from "./virtual-clock.ts";

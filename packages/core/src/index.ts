/**
 * The contract that all of Sluice keeps: a service says whether it can take a request before it takes one. Readiness is
 * a value, a permit, that is spent by one call or given back. Layers wrap services, gates decide who is let in, and the
 * builder stacks them.
 */
export type { Clock } from "./clock.ts";
export { systemClock } from "./clock.ts";
export type { Gate, GateOptions, Lease, Outcome } from "./gate.ts";
export { gate } from "./gate.ts";
export type {
  Adds,
  Apply,
  ApplyAll,
  AskedOf,
  Either,
  Fits,
  Keeps,
  Kind,
  MapsFailure,
  MapsRequest,
  MapsResponse,
  Mismatch,
  Recovers,
} from "./kind.ts";
export type { AnyLayer, KindOf, Layer } from "./layer.ts";
export { identity, layerFn } from "./layer.ts";
export type { Next } from "./middleware.ts";
export { middleware } from "./middleware.ts";
export { isOverloadedError, OverloadedError } from "./overloaded-error.ts";
export { isPermitSpentError, PermitSpentError } from "./permit-spent-error.ts";
export type { Refusal } from "./refusal.ts";
export { refuse, takeRefusal } from "./refusal.ts";
export type { SemaphoreOptions } from "./semaphore.ts";
export { Semaphore } from "./semaphore.ts";
export type { AnyService, CallOptions, FailureOf, Permit, ReadyOptions, RequestOf, ResponseOf } from "./service.ts";
export { Service } from "./service.ts";
export { ServiceBuilder } from "./service-builder.ts";
export type { Handler, Raises } from "./service-fn.ts";
export { raises, serviceFn } from "./service-fn.ts";

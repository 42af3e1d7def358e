/**
 * The contract of all packages: a service reports whether it can take a request before it takes one. Readiness is a value, a
 * permit, which is spent by one call or released. Layers wrap services, gates decide which calls are admitted, and the builder
 * stacks layers.
 */
export { identity, layerFn } from "./compose/layer-fn.ts";
export type { Next } from "./compose/middleware.ts";
export { middleware } from "./compose/middleware.ts";
export { ServiceBuilder } from "./compose/service-builder.ts";
export type { Handler, Raises } from "./compose/service-fn.ts";
export { raises, serviceFn } from "./compose/service-fn.ts";
export type { About, Trait } from "./contract/about.ts";
export type { Clock } from "./contract/clock.ts";
export { systemClock } from "./contract/clock.ts";
export type { AttemptEvent, Events, LayerEvent } from "./contract/events.ts";
export type { Gate, GateOptions, Lease, Outcome, Until } from "./contract/gate.ts";
export type {
  Adds,
  Apply,
  ApplyAll,
  AskedOf,
  EitherOf,
  Fits,
  GivesOnly,
  Keeps,
  Kind,
  MapsFailure,
  MapsRequest,
  MapsResponse,
  MayAdd,
  Mismatch,
  Recovers,
  TakesOnly,
} from "./contract/kind.ts";
export type { AnyLayer, KindOf, KindOfOptional, Layer } from "./contract/layer.ts";
export type { Parts } from "./contract/parts.ts";
export type { Refusal, RefusalError, RefusalOptions, RefusalReason } from "./contract/refusal.ts";
export type {
  AnyService,
  CallOptions,
  FailureOf,
  HandlerOptions,
  Permit,
  ReadyOptions,
  RequestOf,
  ResponseOf,
} from "./contract/service.ts";
export { Service } from "./contract/service.ts";
export type { WaitingLine } from "./contract/waiting-line.ts";
export { OverloadedError, isOverloadedError } from "./errors/overloaded-error.ts";
export { PermitSpentError, isPermitSpentError } from "./errors/permit-spent-error.ts";
export { isRefusal, refuse, takeRefusal } from "./errors/refusal.ts";
export { gate } from "./gate/gate.ts";
export type { SemaphoreOptions } from "./gate/semaphore.ts";
export { Semaphore } from "./gate/semaphore.ts";
export { events } from "./telemetry/events.ts";
export { madeOf, partsOf } from "./telemetry/parts.ts";

/**
 * Small layers that change a request, a response or a failure, and ways to combine services. Those that only pass an
 * answer on keep the promise that it is; those that change it answer with one promise of their own.
 *
 * @packageDocumentation
 */
export type { AndThen, AndThenOptions } from "./and-then.ts";
export { andThen } from "./and-then.ts";
export type { CallAllOptions } from "./call-all.ts";
export { callAll } from "./call-all.ts";
export { either } from "./either.ts";
export type { CatchingFallbackOptions, FallbackLayer, FallbackOptions, FallsBack, RejectedWith } from "./fallback.ts";
export { fallback } from "./fallback.ts";
export type { FailureClass, FailureGuard } from "./failure-matcher.ts";
export { filter } from "./filter.ts";
export type { Filters } from "./filter.ts";
export { FilteredError, isFilteredError } from "./filtered-error.ts";
export { mapFailure } from "./map-failure.ts";
export { mapRequest } from "./map-request.ts";
export { mapResponse } from "./map-response.ts";
export type { MapsResult, OutcomeOf } from "./map-result.ts";
export { mapResult } from "./map-result.ts";
export { optional } from "./optional.ts";
export { recover } from "./recover.ts";

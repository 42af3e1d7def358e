/**
 * Puts a stack of layers in front of HTTP handlers, and around the HTTP calls that they make: the part for `fetch`, `Request` and
 * `Response`. Servers of Node.js, Fastify and Hono have their own entry points.
 *
 * @packageDocumentation
 */
// The server.
export type { AnswersFor, Unanswered, WithAnswers } from "./server/answer/answers.ts";
export type { KnownCode } from "./server/answer/known-answers.ts";
export { problemResponse } from "./server/answer/problem-response.ts";
export type { Problem } from "./server/answer/problem.ts";
export type { RetryAfterSpread } from "./server/answer/spread.ts";
export type { EdgeOptions } from "./server/edge/edge-policy.ts";
export { guard } from "./server/edge/guard.ts";
export { isReady } from "./server/edge/is-ready.ts";
export type { Around, AskedIn, FitsEdge } from "./server/edge/stack.ts";
export type { FetchEdgeOptions, FetchHandler } from "./server/edge/to-fetch-handler.ts";
export { toFetchHandler } from "./server/edge/to-fetch-handler.ts";
export type {
  AnswerFailuresLayer,
  AnswerFailuresOptions,
  Answers,
  AnswersFailures,
} from "./server/layers/answer-failures.ts";
export { answerFailures } from "./server/layers/answer-failures.ts";
export { BodyTooLargeError, isBodyTooLargeError } from "./server/layers/body-too-large-error.ts";
export type { LimitBody, LimitBodyOptions } from "./server/layers/limit-body.ts";
export { limitBody } from "./server/layers/limit-body.ts";
export type { KeepsResponses, Quota, RateLimitFieldsOptions } from "./server/layers/rate-limit-fields.ts";
export { rateLimitFields } from "./server/layers/rate-limit-fields.ts";
export type { KeepsStreams, UntilBodyEnds, UntilBodyEndsOptions } from "./server/layers/until-body-ends.ts";
export { untilBodyEnds } from "./server/layers/until-body-ends.ts";
// The client.
export type { FailOnStatusOptions, FailsOnStatus } from "./client/fail-on-status.ts";
export { failOnStatus } from "./client/fail-on-status.ts";
export type { FetchServiceOptions } from "./client/fetch-service.ts";
export { fetchService } from "./client/fetch-service.ts";
export type { HttpClient, HttpClientOptions } from "./client/http-client.ts";
export { httpClient } from "./client/http-client.ts";
export type { HttpBody, HttpInit, HttpRequest } from "./client/http-request.ts";
export { NetworkError, isNetworkError } from "./client/network-error.ts";
export type { PropagateOptions } from "./client/propagate.ts";
export { propagate } from "./client/propagate.ts";
export { isReplayable, replay } from "./client/replay.ts";
export { parseRetryAfter, retryAfterOf } from "./client/retry-after.ts";
export type { ReadBody } from "./client/status-error.ts";
export { StatusError, isStatusError } from "./client/status-error.ts";
export { toFetch } from "./client/to-fetch.ts";
export type { HttpAttempt, RetryIdempotent } from "./client/transient.ts";
export { isTransient, retryIdempotent } from "./client/transient.ts";

/**
 * Put a stack of Sluice layers in front of HTTP handlers, and behind the calls that they make.
 *
 * @packageDocumentation
 */
export type { HttpLayer, HttpOptions } from "./http.ts";
export { http } from "./http.ts";
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

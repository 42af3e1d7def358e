import { type HttpRequest, isRequest, isStream } from "./http-request.ts";

/**
 * The request to send again: `cloneRequest` of a retry policy. A request with a value for a body, or a function that makes one, is sent
 * again as it is. With a stream there is nothing to send again: undefined. A `Request` with a body is cloned, which keeps its body
 * in memory until the call is over; give an {@link HttpRequest} to avoid that.
 *
 * @example
 * retryPolicy({ maxRetries: 3, cloneRequest: replay });
 */
export function replay(request: HttpRequest): HttpRequest | undefined {
  if (!isRequest(request)) return isStream(request.body) ? undefined : request;
  // Not every browser has `body`, and then it is undefined whether there is one or not.
  if (request.body === null) return request;
  return request.bodyUsed ? undefined : request.clone();
}

/** Idempotent by RFC 9110, section 9.2.2, and by RFC 9110's registry of methods since: QUERY. */
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]);

/** Fetch sends these in capitals, however they are written; it leaves all others as they are. */
const normalized: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/**
 * Whether sending the request twice is meant to have the effect of sending it once: its method is idempotent (RFC 9110, section
 * 9.2.2; QUERY, too), or it has an `Idempotency-Key`, by which the other side knows it again. Never throws.
 *
 * @example
 * retryPolicy({ maxRetries: 3, retryIf: ({ request, outcome }) => outcome.status === "rejected" && isReplayable(request) });
 */
export function isReplayable({ method = "GET", headers }: Pick<HttpRequest, "method" | "headers">): boolean {
  const upper = method.toUpperCase();
  return idempotent.has(normalized.has(upper) ? upper : method) || hasKey(headers);
}

function hasKey(headers: HttpRequest["headers"]): boolean {
  try {
    return new Headers(headers).get("idempotency-key") !== null;
  } catch {
    // No such headers can be sent; whoever sends them says so.
    return false;
  }
}

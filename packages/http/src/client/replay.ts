import { type HttpRequest, isRequest, isStream } from "./http-request.ts";

/**
 * The request to send again: `cloneRequest` of a retry policy. A request whose body is a value, or a function that makes one, is returned
 * as it is. A stream cannot be sent again: undefined. A `Request` with a body is cloned, which keeps its body in memory until the end of
 * the call; give an {@link HttpRequest} to avoid that.
 *
 * @example
 * retryPolicy({ maxRetries: 3, cloneRequest: replay });
 */
export function replay(request: HttpRequest): HttpRequest | undefined {
  if (!isRequest(request)) return isStream(request.body) ? undefined : request;
  // Some browsers have no member `body`: then it is undefined also with a body.
  if (request.body === null) return request;
  return request.bodyUsed ? undefined : request.clone();
}

/** Idempotent by RFC 9110, section 9.2.2, and QUERY, by the registry of methods. */
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]);

/** Fetch converts these to upper case, and leaves all others as they are. */
const normalized: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/**
 * Whether sending the request twice has the effect of sending it once: its method is idempotent (RFC 9110, section 9.2.2; and QUERY), or it
 * has an `Idempotency-Key`, by which the other service recognises it. Never throws.
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
    // Invalid headers fail when the request is sent.
    return false;
  }
}

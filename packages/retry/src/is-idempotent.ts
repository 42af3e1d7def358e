const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * Whether sending an HTTP request twice is meant to have the effect of sending it once: RFC 9110, section 9.2.2, says so of
 * PUT, DELETE and the safe methods GET, HEAD, OPTIONS and TRACE.
 *
 * Methods are case-sensitive (section 9.1), so `"get"` is another method of which nothing is known: false, as for any other.
 *
 * @example
 * retryPolicy<Request>({
 *   maxRetries: 3,
 *   retryIf: ({ request, outcome }) => outcome.status === "rejected" && isIdempotent(request.method),
 * });
 */
export function isIdempotent(method: string): boolean {
  return methods.has(method);
}

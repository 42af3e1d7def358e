/** Headers that a handler may have set for an answer that is not sent: they describe its body, or let a cache keep it. */
export const ofAnotherAnswer: ReadonlySet<string> = new Set([
  "accept-ranges",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-range",
  "etag",
  "expires",
  "last-modified",
  "trailer",
  "transfer-encoding",
]);

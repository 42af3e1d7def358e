/**
 * Headers that a handler may have set for an answer that is not sent: they describe its body, or let a cache keep it. Caches of one kind
 * are told by fields of their own, and prefer them to `Cache-Control` (RFC 9213).
 */
export const ofAnotherAnswer: ReadonlySet<string> = new Set([
  "accept-ranges",
  "cache-control",
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "content-digest",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "digest",
  "etag",
  "expires",
  "last-modified",
  "netlify-cdn-cache-control",
  "repr-digest",
  "surrogate-control",
  "trailer",
  "transfer-encoding",
  "vercel-cdn-cache-control",
]);

/**
 * Names of headers, in lower case, that a handler may have set for an answer that is not sent: they describe its body, or let a cache keep
 * it. Caches of one kind are told by fields of their own, such as `CDN-Cache-Control`, and prefer them to `Cache-Control` (RFC 9213).
 */
export const ofAnotherAnswer: RegExp =
  /^((.+-)?(cache-control|digest)|accept-ranges|content-(disposition|encoding|language|length|location|md5|range)|etag|expires|last-modified|surrogate-control|trailer|transfer-encoding)$/;

/** A body for fetch: text, bytes, a blob, a form, a stream. */
export type HttpBody = NonNullable<RequestInit["body"]>;

/** The options of fetch besides the members of {@link HttpRequest}: `redirect`, `credentials`, `dispatcher` of undici. */
export type HttpInit = Omit<RequestInit, "method" | "headers" | "body" | "signal">;

/** A request as plain data, which can be sent again. A `Request` is one as well. */
export interface HttpRequest {
  /** The address; absolute, except in browsers. */
  readonly url: string | URL;
  /** Default `"GET"`. */
  readonly method?: string | undefined;
  /** Default: only those that fetch adds. */
  readonly headers?: RequestInit["headers"] | undefined;
  /**
   * A value, a stream, or a function that returns one, or a promise of one, for each attempt. A stream can be sent once: give a function
   * where the request may be retried.
   */
  readonly body?:
    | HttpBody
    | null
    | (() => HttpBody | null | undefined | PromiseLike<HttpBody | null | undefined>)
    | undefined;
  /**
   * Aborts the whole exchange, the response's body included. A signal in the options of the call may be a layer's, which works only until
   * the head of the response. Default: none.
   */
  readonly signal?: AbortSignal | null | undefined;
  /** Further options of fetch. Default: none. */
  readonly init?: HttpInit | undefined;
}

/** Whether it is a `Request` of any class. */
export function isRequest(request: HttpRequest): request is Request {
  return "bodyUsed" in request && "clone" in request;
}

/** Whether a body can be sent only once: a stream or an async iterable. */
export function isStream(body: unknown): body is ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && ("getReader" in body || Symbol.asyncIterator in body);
}

/** What fetch takes as a body: text, bytes, a blob, a form, a stream. */
export type HttpBody = NonNullable<RequestInit["body"]>;

/** What fetch takes besides the members of {@link HttpRequest}: `redirect`, `credentials`, `dispatcher` of undici. */
export type HttpInit = Omit<RequestInit, "method" | "headers" | "body" | "signal">;

/** A request as plain data, which can be sent again. A `Request` is one, too, by its members. */
export interface HttpRequest {
  /** Where it goes; absolute, except in browsers. */
  readonly url: string | URL;
  /** Default `"GET"`. */
  readonly method?: string | undefined;
  /** Default: none but those that fetch adds. */
  readonly headers?: RequestInit["headers"] | undefined;
  /**
   * A value, a stream, or a function that makes one (or promises one) for each attempt. A stream can be sent once: give a function,
   * where the request may be tried again.
   */
  readonly body?:
    | HttpBody
    | null
    | (() => HttpBody | null | undefined | PromiseLike<HttpBody | null | undefined>)
    | undefined;
  /**
   * Aborts the whole exchange, the response's body included. A signal in the options of the call may be a layer's, which ends with
   * the head of the response. Default: none.
   */
  readonly signal?: AbortSignal | null | undefined;
  /** What else fetch is to be told. Default: nothing. */
  readonly init?: HttpInit | undefined;
}

/** Whether it is a `Request`, of whichever make. */
export function isRequest(request: HttpRequest): request is Request {
  return "bodyUsed" in request && "clone" in request;
}

/** Whether a body is used up by sending it: a stream, or anything else that is read piece by piece. */
export function isStream(body: unknown): body is ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && ("getReader" in body || Symbol.asyncIterator in body);
}

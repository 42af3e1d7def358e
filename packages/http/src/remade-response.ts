/** The head of a response. */
type Head = Pick<Response, "status" | "statusText" | "headers">;

/**
 * A response with another body, or none. Its status may be one that the constructor refuses, such as 999, which some servers send and
 * `fetch` accepts. What is not ASCII in its phrase becomes `?`: `fetch` of Node.js reads phrases as UTF-8, and the constructor refuses some.
 */
export function remadeResponse(body: ReadableStream | Uint8Array | null, head: Head): Response {
  const { status, statusText, headers } = head;
  const isTaken = status >= 200 && status <= 599;
  const made = new Response(body as ReadableStream<Uint8Array> | null, {
    status: isTaken ? status : 599,
    statusText: statusText.replaceAll(/[^ -~]/g, "?"),
    headers,
  });
  return isTaken ? made : Object.defineProperty(made, "status", { value: status });
}

/** Keeps a response that was replaced: fetch of Node.js cancels the body of a response that is garbage-collected, until it is read. */
const originals = new WeakMap<Response, Response>();

/**
 * The response with these fields added. A field that it has already gets one more value. One that switches protocols, and cannot be
 * changed, is returned as it is.
 */
export function withFields(response: Response, fields: readonly (readonly [name: string, value: string])[]): Response {
  try {
    for (const [field, value] of fields) response.headers.append(field, value);
    return response;
  } catch {
    // Its runtime goes on with the connection that this very response has.
    if (response.status === 101) return response;
    // The headers of a response of `fetch` cannot be changed.
    const headers = new Headers(response.headers);
    for (const [field, value] of fields) headers.append(field, value);
    const { status, statusText, body } = response;
    const made = remadeResponse(body, { status, statusText, headers });
    originals.set(made, response);
    return made;
  }
}

/** Cancels the body of a response that is not sent: it may hold permits, or a connection. One that is already read, or locked, stays as it is. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

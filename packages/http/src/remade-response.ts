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

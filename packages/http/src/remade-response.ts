/** What a response says before its body. */
type Head = Pick<Response, "status" | "statusText" | "headers">;

/**
 * A response with another body, or none. Its status may be one that the constructor refuses: some servers answer with 999, and `fetch` passes
 * that on as it is.
 */
export function remadeResponse(body: ReadableStream | Uint8Array | null, head: Head): Response {
  const { status, statusText, headers } = head;
  const isTaken = status >= 200 && status <= 599;
  const made = new Response(body as ReadableStream<Uint8Array> | null, {
    status: isTaken ? status : 599,
    statusText,
    headers,
  });
  return isTaken ? made : Object.defineProperty(made, "status", { value: status });
}

/** The head of a response. */
type Head = Pick<Response, "status" | "statusText" | "headers">;

/**
 * A response with another body, or none. Its status may be one that the constructor refuses, such as 999, which some servers send and
 * `fetch` accepts. So may its phrase: `fetch` of Node.js reads it as UTF-8, and the constructor takes characters up to U+00FF.
 */
export function remadeResponse(body: ReadableStream | Uint8Array | null, head: Head): Response {
  const { status, statusText, headers } = head;
  const isTaken = status >= 200 && status <= 599;
  const isPhrase = /^[\t\x20-\x7e\x80-\xff]*$/.test(statusText);
  const made = new Response(body as ReadableStream<Uint8Array> | null, {
    status: isTaken ? status : 599,
    statusText: isPhrase ? statusText : "",
    headers,
  });
  if (!isTaken) Object.defineProperty(made, "status", { value: status });
  if (!isPhrase) Object.defineProperty(made, "statusText", { value: statusText });
  return made;
}

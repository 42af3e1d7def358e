import type { WrittenProblem } from "../server/answer/problem.ts";
import { isHttp2, type NodeRequest, type NodeResponse } from "./node-http.ts";
import { isHardened } from "./connections.ts";

/** Headers that somebody may have set for an answer that is not sent: they speak of its body, or let a cache keep it. */
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

/** Answers with a problem, where nothing has been sent yet. */
export function sendProblem(
  request: NodeRequest,
  response: NodeResponse,
  { status, headers, body, length }: WrittenProblem,
): void {
  for (const name of response.getHeaderNames()) if (ofAnotherAnswer.has(name)) response.removeHeader(name);
  const { connection, ...rest } = headers;
  const fields: Record<string, string | number> = { ...rest, "content-length": length };
  if (isHttp2(response)) response.writeHead(status, fields);
  else {
    // HTTP/2 has no such header. The rest of an upload is not read, so its connection is of no further use.
    const isUnread = hasBody(request) && !request.complete && isHardened(request.socket);
    if (connection !== undefined || isUnread) fields["connection"] = "close";
    response.writeHead(status, fields);
  }
  response.end(body);
}

/** Whether a body belongs to this request of HTTP/1. */
export function hasBody({ headers }: NodeRequest): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

/** Ends a response whose head is out, so that its client sees that it is not whole. */
export function cut(response: NodeResponse): void {
  if (!isHttp2(response)) response.destroy();
  // INTERNAL_ERROR: without a code the stream would look complete.
  else response.stream.close(2);
}

/** What is written after the answer reaches nobody, and is no error of anybody's. */
export function ignoreLateWrites(response: NodeResponse): void {
  response.on("error", () => {});
}

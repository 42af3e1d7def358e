import { ofAnotherAnswer } from "../server/answer/of-another-answer.ts";
import type { WrittenProblem } from "../server/answer/problem.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";
import { isHttp2 } from "./node-response.ts";
import { isHardened } from "./connections.ts";

/** Answers with a problem, where nothing has been sent yet. */
export function sendProblem(
  request: NodeRequest,
  response: NodeResponse,
  { status, headers, body, length }: WrittenProblem,
): void {
  for (const name of response.getHeaderNames()) if (ofAnotherAnswer.test(name)) response.removeHeader(name);
  if (isHttp2(response)) response.writeHead(status, { ...withoutConnection(headers), "content-length": length });
  else {
    const fields: Record<string, string | number> = { ...headers, "content-length": length };
    // A connection with an unread upload cannot be used again.
    if (hasBody(request) && !request.complete && isHardened(request.socket)) fields["connection"] = "close";
    // A handler may have set a phrase for its own status.
    response.statusMessage = "";
    response.writeHead(status, fields);
  }
  response.end(body);
}

/** Fields that are about a connection (RFC 9113, section 8.2.2). Node throws where they are set on HTTP/2. */
const ofConnection: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "te", "upgrade"]);

/** The headers of a problem on HTTP/2. */
export function withoutConnection(headers: WrittenProblem["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)));
}

/** Whether this request of HTTP/1 has a body. */
export function hasBody({ headers }: NodeRequest): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

/** Ends a response whose head is already sent, so that the client sees that it is incomplete. */
function cut(response: NodeResponse): void {
  if (!isHttp2(response)) response.destroy();
  // INTERNAL_ERROR: without a code the stream would look complete.
  else response.stream.close(2);
}

/** Answers in the place of a handler that may still run: what it writes later is ignored. */
export function sendInstead(request: NodeRequest, response: NodeResponse, problem: WrittenProblem): void {
  ignoreLateWrites(response);
  if (response.headersSent) cut(response);
  else sendProblem(request, response, problem);
  // A header that comes too late is an error that is thrown, which would end the process where a callback sets it.
  const ignore = (): NodeResponse => response;
  Object.assign(response, {
    appendHeader: ignore,
    removeHeader: ignore,
    setHeader: ignore,
    setHeaders: ignore,
    writeHead: ignore,
  });
}

/** Ignores the errors of writes after the answer. */
export function ignoreLateWrites(response: NodeResponse): void {
  response.on("error", () => {});
}

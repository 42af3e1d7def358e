import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { isClosed } from "./response-close.ts";

/** A request of `node:http`, or of the compatibility API of `node:http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A response of `node:http`, or of the compatibility API of `node:http2`. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** HTTP/2 has no header `connection`, and has streams. */
export function isHttp2(response: NodeResponse): response is Http2ServerResponse {
  return "stream" in response;
}

/** Whether no answer can be sent any more: it was sent, or the client has left. */
export function isOver(response: NodeResponse): boolean {
  return response.writableEnded || isClosed(response);
}

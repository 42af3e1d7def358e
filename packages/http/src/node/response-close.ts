import type { Socket } from "node:net";
import { isHttp2, type NodeRequest, type NodeResponse } from "./node-http.ts";

/** Calls `close`, maybe twice, when a response that is not closed yet closes: it was sent, or its client left. */
export function onClose(request: NodeRequest, response: NodeResponse, close: () => void): void {
  response.on("close", close);
  // With pipelining, a response that waits for earlier ones does not emit `close` when the connection closes (Node 20 and 22).
  if (!isHttp2(response) && response.socket === null) onceClosed(request.socket, response, close);
}

const waiting = new WeakMap<Socket, Set<() => void>>();

/** Calls `close` when the socket closes before the response does. One listener serves all responses on a connection. */
function onceClosed(socket: Socket, response: NodeResponse, close: () => void): void {
  let all = waiting.get(socket);
  if (all === undefined) {
    const each = (all = new Set());
    waiting.set(socket, all);
    socket.once("close", () => {
      for (const run of each) run();
      each.clear();
    });
  }
  all.add(close);
  response.once("close", () => all.delete(close));
}

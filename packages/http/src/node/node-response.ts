// Also for Hono's guard, which compiles without the types of Node: what a response has of this is described here.

interface Closes {
  on(event: "close", listener: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
}

interface Connection extends Closes {
  readonly destroyed: boolean;
}

/** A response of `node:http`, or of the compatibility API of `node:http2`, which has a `stream`. */
export interface ClosingResponse extends Closes {
  readonly destroyed?: boolean;
  /** Servers that only resemble Node's may leave this out. */
  readonly req?: { readonly socket?: Connection | null };
  readonly socket: object | null;
  readonly stream?: { readonly destroyed: boolean };
}

/** HTTP/2 has no header `connection`, and has streams. */
export function isHttp2<R extends object>(response: R): response is Extract<R, { readonly stream: object }> {
  return "stream" in response;
}

/** Whether a response has closed: it was sent, or its client has left. */
export function isClosed(response: ClosingResponse): boolean {
  if (response.stream !== undefined) return response.stream.destroyed;
  // With pipelining, a response that waits for earlier ones does not learn that its connection has closed (Node 20 and 22).
  return response.destroyed === true || response.req?.socket?.destroyed === true;
}

/** Calls `close`, maybe twice, when a response that is not closed yet closes: it was sent, or its client left. */
export function onClose(response: ClosingResponse, close: () => void): void {
  response.on("close", close);
  if (response.stream !== undefined || response.socket !== null) return;
  // With pipelining, a response that waits for earlier ones does not emit `close` when the connection closes (Node 20 and 22).
  const connection = response.req?.socket;
  if (connection) onceClosed(connection, response, close);
}

const waiting = new WeakMap<Connection, Set<() => void>>();

/** Calls `close` when the connection closes before the response does. One listener serves all responses on a connection. */
function onceClosed(connection: Connection, response: ClosingResponse, close: () => void): void {
  let all = waiting.get(connection);
  if (all === undefined) {
    const each = (all = new Set());
    waiting.set(connection, all);
    connection.once("close", () => {
      for (const run of each) run();
      each.clear();
    });
  }
  all.add(close);
  response.once("close", () => all.delete(close));
}

import type { Clock } from "@sluice/core";
import { readOptions, requireClock, requireDuration, requireMethods } from "@sluice/core/kit";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { type Connections, connectionsOf, type NodeServer, sayClose } from "./connections.ts";
import { writeProblem } from "../server/answer/problem.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";
import { isHttp2 } from "./node-response.ts";
import { sendProblem } from "./send-problem.ts";

/** Options of {@link drain}. Times are in milliseconds, 0 to 2^31-1. */
export interface DrainOptions {
  /** How long it may take, after `linger`; connections that are still open then are destroyed. Default 10,000. */
  readonly within?: number | undefined;
  /** How long new connections are still accepted, so that a load balancer can notice that the server is closing. Default 0. */
  readonly linger?: number | undefined;
  /** Where the timers are set; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** How a server was drained. */
export interface Drained {
  /** Whether a connection was still open after `within`, and was destroyed. */
  readonly forced: boolean;
}

const owner = "drain";

/** How often idle connections are closed, in milliseconds. */
const look = 100;

const draining = new WeakMap<object, Promise<Drained>>();

/**
 * Stops a server without losing requests. Requests in flight are answered, with `connection: close` where the head is not yet sent. After
 * `linger`, new connections are refused and idle ones closed. It takes at most `linger` + `within` ms. A second call returns the same
 * promise.
 *
 * Call `harden` when the server is made: without it, the answers to requests already in flight do not say `connection: close`, and their
 * connections are closed when they are idle.
 *
 * @example
 * process.once("SIGTERM", () => void drain(server, { within: 10_000 }));
 *
 * @returns a promise that resolves when all connections have closed
 * @throws TypeError | RangeError when `server` is not a server, or an option is not in its range
 */
export function drain(server: NodeServer, options?: DrainOptions): Promise<Drained> {
  requireMethods(owner, "server", server, "a server", ["close", "prependListener"]);
  const read = readOptions(owner, options, ["within", "linger", "clock"]);
  const { within = 10_000, linger = 0 } = read;
  requireDuration(owner, "within", within);
  requireDuration(owner, "linger", linger);
  const clock = requireClock(owner, read.clock);
  let drained = draining.get(server);
  if (drained === undefined) {
    drained = begin(server, connectionsOf(server), clock, within, linger);
    draining.set(server, drained);
  }
  return drained;
}

async function begin(
  server: NodeServer,
  connections: Connections,
  clock: Clock,
  within: number,
  linger: number,
): Promise<Drained> {
  connections.closing = true;
  for (const connection of connections.all) sayClose(connection);
  if (linger > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, linger));
  return new Promise((resolve) => {
    let forced = false;
    let timer: unknown;
    const over = (): void => {
      clock.clearTimeout(timer);
      clock.clearTimeout(force);
      // The server closes a moment before its last connections emit `close`.
      const left = Array.from(connections.all, ({ socket }) => new Promise((closed) => socket.once("close", closed)));
      void Promise.all(left).then(() => resolve({ forced }));
    };
    const force = clock.setTimeout(() => {
      forced = true;
      closeAll(server, connections);
      // Connections from before they were recorded may stay open.
      over();
    }, within);
    const closeNext = (): void => {
      closeIdle(server, connections);
      timer = clock.setTimeout(closeNext, look);
    };
    refuseAll(server, connections);
    server.close(over);
    for (const { response } of connections.all) response?.once("close", () => closeIdle(server, connections));
    closeNext();
  });
}

const isClosed = writeProblem("problem", { status: 503, retryAfter: 1_000 });

/** Refuses further requests on connections that are about to close. */
function refuseAll(server: NodeServer, connections: Connections): void {
  server.removeAllListeners("request");
  (server as { on(event: string, listener: (request: NodeRequest, response: NodeResponse) => void): unknown }).on(
    "request",
    (request, response) => {
      connections.begin(request, response);
      if (!isHttp2(response)) response.setHeader("connection", "close");
      sendProblem(request, response, isClosed);
    },
  );
}

function closeIdle(server: NodeServer, { all, below, sessions }: Connections): void {
  (server as Partial<Server>).closeIdleConnections?.();
  // A session ends when its streams have. Also one whose handshake was not complete when the drain began.
  for (const session of sessions) session.close();
  // Node does not count a connection as idle on which no bytes have arrived.
  const nothingCame = (socket: Socket): void => {
    if (socket.bytesRead === 0) socket.destroy();
  };
  for (const { socket } of all) nothingCame(socket);
  below.forEach(nothingCame);
}

function closeAll(server: NodeServer, { all, below, sessions }: Connections): void {
  (server as Partial<Server>).closeAllConnections?.();
  for (const session of sessions) session.destroy();
  // Also upgraded connections.
  for (const { socket } of all) socket.destroy();
  for (const socket of below) socket.destroy();
}

import type { Clock } from "@sluice/core";
import { readOptions, requireClock, requireDuration, requireMethods } from "@sluice/core/kit";
import type { Server } from "node:http";
import { type Connections, connectionsOf, type NodeServer, sayClose } from "./connections.ts";
import { writeProblem } from "../server/answer/problem.ts";
import { isHttp2, type NodeRequest, type NodeResponse } from "./node-http.ts";
import { sendProblem } from "./send-problem.ts";

/** Options of {@link drain}. Times are in milliseconds, 0 to 2^31-1. */
export interface DrainOptions {
  /** How long it may take in all, after `linger`; what is open then is cut. Default 10,000. */
  readonly within?: number | undefined;
  /** For how long new connections are still accepted, so that a load balancer can notice that the server is about to go. Default 0. */
  readonly linger?: number | undefined;
  /** Where the timers are set; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** How a server was drained. */
export interface Drained {
  /** Whether something was still open after `within`, and was cut. */
  readonly forced: boolean;
}

const owner = "drain";

/** How often connections are looked for that have become idle, in milliseconds. */
const look = 100;

const draining = new WeakMap<object, Promise<Drained>>();

/**
 * Stops a server without losing what it has begun: nobody new is let in, what is in flight is answered, with `connection: close` where the
 * head is not out, and idle connections go at once. It is over at the latest `linger` + `within` ms later. A second call is the same.
 *
 * Call `harden` when the server is made: without it, what was in flight before is not told to close, and goes when it is idle.
 *
 * @example
 * process.once("SIGTERM", () => void drain(server, { within: 10_000 }));
 *
 * @returns a promise that is kept when all connections have closed
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
      // The server is closed a moment before its last connection says so.
      const left = Array.from(connections.all, ({ socket }) => new Promise((closed) => socket.once("close", closed)));
      void Promise.all(left).then(() => resolve({ forced }));
    };
    const force = clock.setTimeout(() => {
      forced = true;
      closeAll(server, connections);
      // A connection that was opened before anybody asked for it may stay.
      over();
    }, within);
    const closeNext = (): void => {
      closeIdle(server, connections);
      timer = clock.setTimeout(closeNext, look);
    };
    refuseAll(server);
    server.close(over);
    for (const { response } of connections.all) response?.once("close", () => closeIdle(server, connections));
    for (const session of connections.sessions) session.close();
    closeNext();
  });
}

const isClosed = writeProblem("problem", { status: 503, retryAfter: 1_000 });

/** Whoever was quick enough to send another request on a connection that is about to close. */
function refuseAll(server: NodeServer): void {
  server.removeAllListeners("request");
  (server as { on(event: string, listener: (request: NodeRequest, response: NodeResponse) => void): unknown }).on(
    "request",
    (request, response) => {
      if (!isHttp2(response)) response.setHeader("connection", "close");
      sendProblem(request, response, isClosed);
    },
  );
}

function closeIdle(server: NodeServer, { all }: Connections): void {
  (server as Partial<Server>).closeIdleConnections?.();
  for (const { socket } of all) {
    // To node a connection on which nothing has come yet is none that is idle.
    if (socket.bytesRead === 0) socket.destroy();
  }
}

function closeAll(server: NodeServer, { all, sessions }: Connections): void {
  (server as Partial<Server>).closeAllConnections?.();
  for (const session of sessions) session.destroy();
  // Those that were upgraded, too.
  for (const { socket } of all) socket.destroy();
}

import type { Clock } from "@sluice/core";
import { readOptions, requireClock, requireDuration, requireMethods, requireNumber } from "@sluice/core/kit";
import { type AnyServer, connectionOf, connectionsOf, markHardened, type NodeServer } from "./connections.ts";
import { holdContinue } from "./held-continue.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";
import { isHttp2 } from "./node-response.ts";
import { writeProblem } from "../server/answer/problem.ts";
import { hasBody, sendProblem } from "./send-problem.ts";
import { StalledSends } from "./stalled-sends.ts";
import { UnreadUploads } from "./unread-upload.ts";
import type { IncomingMessage } from "node:http";

/** Options of {@link harden}. */
export interface HardenOptions {
  /** How many connections may be open at the same time, 1 or more, or Infinity; default 10,000. Further ones are closed immediately. */
  readonly maxConnections?: number | undefined;
  /** How long a client may read nothing of what is sent to it: milliseconds, above 0 and at most 2^31-1; default 30,000. */
  readonly sendTimeout?: number | undefined;
  /** How long a client whose upload is no longer read has to read its answer and close: milliseconds, 0 to 10,000; default 500. */
  readonly lingerTimeout?: number | undefined;
  /** Where the timers are set; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** The counters of a hardened server. */
export interface Hardened {
  /** Open connections. */
  readonly connections: number;
  /** Connections that were closed immediately, because there were already `maxConnections`. */
  readonly dropped: number;
  /** Connections that were ended, because their client read nothing for `sendTimeout`. */
  readonly stalled: number;
  /** Connections whose upload is no longer read, and whose client has not closed yet. */
  readonly lingering: number;
  /** The counters, for `JSON.stringify` and loggers. */
  toJSON(): Record<string, number>;
}

const owner = "harden";

const expectationFailed = writeProblem("problem", { status: 417, title: "Expectation Failed" });
const done = new WeakSet<object>();

/**
 * Protects a server, also one made by a framework, against too many clients, clients that do not read their answers, and uploads that no
 * handler reads. Call it before the server listens. `serverOptions` has the options that can only be set when a server is made.
 *
 * - An upload that is answered before it is complete is not read to its end, and its client receives the answer.
 * - `Expect: 100-continue` is answered when the handler begins to read, and any other expectation with 417, unless the server has a
 *   listener for it.
 * - A connection whose client reads nothing for `sendTimeout` is ended, within twice that time. A stream of HTTP/2 that waits for its
 *   window is not detected.
 *
 * @example
 * const server = createServer(serverOptions(), reports.handle(handler));
 * const { connections } = harden(server);
 *
 * @throws TypeError | RangeError when `server` is not a server, is already hardened, or an option is not in its range
 */
export function harden(server: NodeServer, options?: HardenOptions): Hardened {
  requireMethods(owner, "server", server, "a server", ["listen", "prependListener"]);
  const read = readOptions(owner, options, ["maxConnections", "sendTimeout", "lingerTimeout", "clock"]);
  const { maxConnections = 10_000, sendTimeout = 30_000, lingerTimeout = 500 } = read;
  requireNumber(owner, "maxConnections", maxConnections, { min: 1, integer: true, infinity: true });
  requireDuration(owner, "sendTimeout", sendTimeout, { above: true });
  requireNumber(owner, "lingerTimeout", lingerTimeout, { min: 0, max: 10_000 });
  const clock = requireClock(owner, read.clock);
  if (done.has(server)) throw new TypeError(`${owner}: server must be hardened once; received one that is`);
  done.add(server);

  const any: AnyServer = server;
  const open = connectionsOf(any);
  const { all } = open;
  const sends = new StalledSends(clock, sendTimeout, all);
  const uploads = new UnreadUploads(clock, lingerTimeout);
  let dropped = 0;
  server.maxConnections = maxConnections;
  server.on("drop", () => dropped++);
  any.on("setSecureContext" in server ? "secureConnection" : "connection", (socket) => {
    // `connectionsOf` has added its listener first, so the connection is recorded.
    const connection = connectionOf(socket)!;
    markHardened(connection);
    uploads.watch(socket, () => connection.request);
    sends.watch();
  });

  const invitations = new WeakMap<NodeRequest, () => boolean>();
  any.prependListener("request", (request, response) => {
    if (isHttp2(response) || !hasBody(request)) return;
    uploads.answer(request as IncomingMessage, response, invitations.get(request) ?? (() => true));
  });
  const expecting = server as {
    on(event: string, listener: (request: NodeRequest, response: NodeResponse) => void): unknown;
  };
  if (server.listenerCount("checkContinue") === 0) {
    expecting.on("checkContinue", (request, response) => {
      invitations.set(request, holdContinue(request, response));
      server.emit("request", request as never, response as never);
    });
  }
  if (server.listenerCount("checkExpectation") === 0) {
    // Node also answers with 417, but then reads the upload to its end.
    expecting.on("checkExpectation", (request, response) => {
      open.begin(request, response);
      sendProblem(request, response, expectationFailed);
    });
  }

  return {
    get connections() {
      return all.size;
    },
    get dropped() {
      return dropped;
    },
    get stalled() {
      return sends.stalled;
    },
    get lingering() {
      return uploads.lingering;
    },
    toJSON() {
      const { connections, stalled, lingering } = this;
      return { connections, dropped, stalled, lingering };
    },
  };
}

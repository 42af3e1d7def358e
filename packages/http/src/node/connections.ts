import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2Server, Http2Session } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { NodeRequest, NodeResponse } from "./node-http.ts";
import { isHttp2 } from "./node-response.ts";

/** A server of `node:http`, `node:https` or `node:http2`, also one made by a framework. */
export type NodeServer = Server | HttpsServer | Http2Server | Http2SecureServer;

/** The members that all four kinds of servers have. */
export interface AnyServer {
  prependListener(event: "request", listener: (request: NodeRequest, response: NodeResponse) => void): unknown;
  on(event: "connection" | "secureConnection", listener: (socket: Socket) => void): unknown;
  on(event: "session", listener: (session: Http2Session) => void): unknown;
}

/** A connection, and the last request on it. */
export interface Connection {
  readonly socket: Socket;
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
}

const key = Symbol.for("@sluice/http/connection");

interface WithConnection {
  [key]?: Connection;
}

/** The open connections of a server, counted from the first call of {@link connectionsOf}. */
export class Connections {
  readonly all: Set<Connection> = new Set();
  readonly sessions: Set<Http2Session> = new Set();
  /** The sockets below TLS, also those whose handshake has not ended. None without TLS. */
  readonly below: Set<Socket> = new Set();
  /** Whether each connection is closed after its answer, because the server is being drained. */
  closing = false;

  constructor(server: AnyServer) {
    const isSecure = "setSecureContext" in server;
    if (isSecure) {
      server.on("connection", (socket) => {
        this.below.add(socket);
        socket.once("close", () => this.below.delete(socket));
      });
    }
    // Requests of HTTPS come from the decrypted socket.
    server.on(isSecure ? "secureConnection" : "connection", (socket) => {
      const connection: Connection = { socket, request: undefined, response: undefined };
      (socket as object as WithConnection)[key] = connection;
      this.all.add(connection);
      socket.once("close", () => this.all.delete(connection));
    });
    server.on("session", (session) => {
      this.sessions.add(session);
      session.once("close", () => this.sessions.delete(session));
    });
    server.prependListener("request", (request, response) => this.begin(request, response));
  }

  /** Records a request. The server emits all requests but those that it answers by itself. */
  begin(request: NodeRequest, response: NodeResponse): void {
    const connection = isHttp2(response) ? undefined : connectionOf(request.socket);
    if (connection === undefined) return;
    // The last request on the connection: a close after an earlier one would lose the requests that were sent meanwhile.
    connection.request = request as IncomingMessage;
    connection.response = response as ServerResponse;
    if (this.closing) sayClose(connection);
  }
}

/** The connection of a socket; undefined where its server's connections are not recorded. */
export function connectionOf(socket: Socket | undefined): Connection | undefined {
  return (socket as WithConnection | undefined)?.[key];
}

/** Sets `connection: close` on the answer, unless its head is already sent. */
export function sayClose({ response }: Connection): void {
  if (response !== undefined && !response.headersSent) response.setHeader("connection", "close");
}

const known = new WeakMap<object, Connections>();

/** The connections of a server. The first call begins to record them. */
export function connectionsOf(server: AnyServer): Connections {
  let connections = known.get(server);
  if (connections === undefined) known.set(server, (connections = new Connections(server)));
  return connections;
}

const hardened = new WeakSet<Connection>();

/** Marks a connection on which an upload that is incomplete when it is answered is not read to its end. */
export function markHardened(connection: Connection): void {
  hardened.add(connection);
}

export function isHardened(socket: Socket): boolean {
  const connection = connectionOf(socket);
  return connection !== undefined && hardened.has(connection);
}

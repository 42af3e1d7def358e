import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2Server, Http2Session } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { isHttp2, type NodeRequest, type NodeResponse } from "./node-http.ts";

/** A server of `node:http`, `node:https` or `node:http2`, also one that a framework made. */
export type NodeServer = Server | HttpsServer | Http2Server | Http2SecureServer;

/** What servers of all four kinds have in common. */
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

/** The connections of a server, from when it was first asked for. */
export class Connections {
  readonly all: Set<Connection> = new Set();
  readonly sessions: Set<Http2Session> = new Set();
  /** Whether a connection is closed after each answer, since the server is being drained. */
  closing = false;

  constructor(server: AnyServer) {
    // Requests of HTTPS come from the socket inside.
    server.on("setSecureContext" in server ? "secureConnection" : "connection", (socket) => {
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

  /** Takes note of a request. The server tells of all but those that it answers without asking anybody. */
  begin(request: NodeRequest, response: NodeResponse): void {
    const connection = isHttp2(response) ? undefined : connectionOf(request.socket);
    if (connection === undefined) return;
    // The last one that is asked for on it: a close after an earlier one would lose those that were sent meanwhile.
    connection.request = request as IncomingMessage;
    connection.response = response as ServerResponse;
    if (this.closing) sayClose(connection);
  }
}

/** The connection of a socket; undefined where its server's connections are not known. */
export function connectionOf(socket: Socket | undefined): Connection | undefined {
  return (socket as WithConnection | undefined)?.[key];
}

/** Says to the client that the connection ends with its answer, where the head of that is not out. */
export function sayClose({ response }: Connection): void {
  if (response !== undefined && !response.headersSent) response.setHeader("connection", "close");
}

const known = new WeakMap<object, Connections>();

/** The connections of a server: those from now on, where it was not asked for before. */
export function connectionsOf(server: AnyServer): Connections {
  let connections = known.get(server);
  if (connections === undefined) known.set(server, (connections = new Connections(server)));
  return connections;
}

const hardened = new WeakSet<Connection>();

/** Says that uploads on this connection that are not whole when they are answered are not read on. */
export function markHardened(connection: Connection): void {
  hardened.add(connection);
}

export function isHardened(socket: Socket): boolean {
  const connection = connectionOf(socket);
  return connection !== undefined && hardened.has(connection);
}

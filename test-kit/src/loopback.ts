import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A server on loopback, and its counters. `await using` closes it, with all its connections. */
export interface Loopback extends AsyncDisposable {
  /** `http://127.0.0.1:1234`, without a slash at the end. */
  readonly origin: string;
  readonly server: Server;
  /** Connections so far. */
  readonly connections: number;
  /** Requests so far. */
  readonly requests: number;
  /** Responses that have not closed. */
  readonly busy: number;
  /** Resolves as soon as all responses have closed. */
  rest(): Promise<void>;
}

export async function loopback(listener: (...args: Parameters<RequestListener>) => unknown): Promise<Loopback> {
  const seen = { connections: 0, requests: 0, busy: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    seen.requests++;
    seen.busy++;
    response.once("close", () => {
      seen.busy--;
      server.emit("rest");
    });
    listener(request, response);
  });
  server.on("connection", (socket) => {
    seen.connections++;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    get connections() {
      return seen.connections;
    },
    get requests() {
      return seen.requests;
    },
    get busy() {
      return seen.busy;
    },
    async rest() {
      while (seen.busy > 0) await once(server, "rest");
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

/** An origin without a server: that of a server that was closed. */
export async function deadOrigin(): Promise<string> {
  await using server = await loopback(() => {});
  return server.origin;
}

/** The rejection of a promise. */
export async function failureOf<E = unknown>(promise: Promise<unknown>): Promise<E> {
  const [outcome] = await Promise.allSettled([promise]);
  if (outcome.status === "fulfilled") throw new Error("It was kept.");
  return outcome.reason as E;
}

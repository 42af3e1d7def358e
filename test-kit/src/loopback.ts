import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A server on loopback, and what it sees. `await using` closes it, with all of its connections. */
export interface Loopback extends AsyncDisposable {
  /** `http://127.0.0.1:1234`, without a slash at the end. */
  readonly origin: string;
  readonly server: Server;
  /** Connections that were made so far. */
  readonly connections: number;
  /** Requests that came so far. */
  readonly requests: number;
  /** Responses that have not closed. */
  readonly busy: number;
  /** Kept as soon as no response is busy. */
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

/** An origin on which nobody listens: of a server that has been closed. */
export async function deadOrigin(): Promise<string> {
  await using server = await loopback(() => {});
  return server.origin;
}

/** What a promise rejects with. */
export async function failureOf<E = unknown>(promise: Promise<unknown>): Promise<E> {
  const [outcome] = await Promise.allSettled([promise]);
  if (outcome.status === "fulfilled") throw new Error("It was kept.");
  return outcome.reason as E;
}

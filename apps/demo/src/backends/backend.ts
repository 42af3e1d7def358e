import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { attach } from "../process/parent.ts";

/** What a backend is told. */
export type BackendTold =
  /** From now on the work takes `factor` times as long. */
  | { readonly kind: "pace"; readonly factor: number }
  /** Falls silent: for so long nothing in this process moves, and its connections stay open. */
  | { readonly kind: "freeze"; readonly ms: number };

/** What a backend says. */
export type BackendSays =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "load"; readonly active: number; readonly queued: number };

/** What differs from backend to backend. */
export interface Backend {
  /** Answers the request with this id. Nobody tells it when the client has left: thread pools and databases do not know. */
  answer(id: string, response: ServerResponse): void;
  /** What is being worked on, and what waits for that. */
  load(): { readonly active: number; readonly queued: number };
  pace?(factor: number): void;
}

const sayLoadEvery = 100;

/** Runs a backend in this process, on loopback, at the port of the command line (or one that the system gives). */
export function runBackend(backend: Backend): void {
  const parent = attach<BackendTold, BackendSays>((told) => {
    if (told.kind === "pace") backend.pace?.(told.factor);
    else freeze(told.ms);
  });
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://backend");
    request.resume();
    backend.answer(searchParams.get("id") ?? "", response);
  });
  server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
    parent.tell({ kind: "listening", port: (server.address() as AddressInfo).port });
  });
  setInterval(() => parent.tell({ kind: "load", ...backend.load() }), sayLoadEvery).unref();
}

export function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** As a machine that is lost, or a deadlock: no error and no answer. It ends by itself, should nobody end the process. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(ms, 60_000));
}

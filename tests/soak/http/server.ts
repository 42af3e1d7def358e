// The server of the soak over HTTP, in a separate process: handlers behind guards, on a hardened server, or a plain one.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBuilder } from "@sluice/core";
import { guard, harden, type HardenOptions, serverOptions, type ServerTimes } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";

/** How to make the server, and its handlers. */
export interface Made {
  /** Without: a plain server of `createServer`, with the same guards. */
  readonly hardened?: { readonly times: ServerTimes; readonly options: HardenOptions } | undefined;
  readonly permits: number;
  /** How long the work of `/work` takes, ms. */
  readonly work: number;
}

/** The counters of the server. */
export interface Counted {
  readonly port: number;
  readonly active: number;
  readonly connections: number;
  readonly stalled: number;
  readonly dropped: number;
  /** The received bytes of all connections. */
  readonly read: number;
  /** The most calls that ran at the same time: behind the limit of `permits`, and behind the limit of 1 with work that ignores its signal. */
  readonly most: { readonly work: number; readonly deaf: number };
  readonly ran: { readonly work: number; readonly deaf: number };
  /** Bytes. */
  readonly heap: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

const { hardened, permits, work } = JSON.parse(process.argv[2] ?? "") as Made;
const limit = concurrencyLimit(permits);
const guarded = guard(new ServiceBuilder().layer(limit));
const full = guard(new ServiceBuilder().layer(concurrencyLimit(0)));

/** Counts how many calls of a handler run at the same time. */
function counted(handler: Handler) {
  const count = { running: 0, most: 0, ran: 0 };
  const run: Handler = async (request, response) => {
    count.ran++;
    count.most = Math.max(count.most, ++count.running);
    try {
      await handler(request, response);
    } finally {
      count.running--;
    }
  };
  return { count, run };
}

const working = counted(async (request, response) => {
  await sleep(work);
  response.end(request.url);
});
const deaf = counted(() => sleep(work));

const block = Buffer.alloc(65_536, "a");
const handlers: Readonly<Record<string, Handler>> = {
  hello: (_request, response) => void response.end("hello"),
  work: guarded.handle(working.run),
  upload: guarded.handle(async (request, response) => {
    let size = 0;
    for await (const chunk of request) size += (chunk as Buffer).length;
    response.end(`${size}`);
  }),
  download: guarded.handle((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(block)) {
        // Until the client takes no more.
      }
    };
    response.on("drain", more);
    more();
    return new Promise((resolve) => response.once("close", resolve));
  }),
  slow: guarded.handle(async (_request, response) => {
    await sleep(4_000);
    response.end("at last");
  }),
  full: full.handle(() => {}),
  deaf: guard(new ServiceBuilder().layer(concurrencyLimit(1))).handle(deaf.run),
};

const server = createServer(hardened === undefined ? {} : serverOptions(hardened.times), (request, response) => {
  const handler = handlers[request.url?.split("/")[1] ?? ""];
  if (handler === undefined) response.writeHead(404).end();
  else void handler(request, response);
});
const counters = hardened === undefined ? undefined : harden(server, hardened.options);
const sockets = new Set<Socket>();
let closed = 0;
server.on("connection", (socket: Socket) => {
  sockets.add(socket);
  socket.once("close", () => {
    sockets.delete(socket);
    closed += socket.bytesRead;
  });
});

server.listen(0, "127.0.0.1", 4_096);
await once(server, "listening");
const { port } = server.address() as AddressInfo;

process.on("message", (how) => {
  if (how === "collected") globalThis.gc?.();
  const said: Counted = {
    port,
    active: limit.active,
    connections: sockets.size,
    stalled: counters?.stalled ?? 0,
    dropped: counters?.dropped ?? 0,
    read: closed + [...sockets].reduce((sum, socket) => sum + socket.bytesRead, 0),
    most: { work: working.count.most, deaf: deaf.count.most },
    ran: { work: working.count.ran, deaf: deaf.count.ran },
    heap: process.memoryUsage().heapUsed,
  };
  process.send?.(said);
});
process.once("disconnect", () => process.exit());
process.send?.("ready");

import { createAdaptorServer } from "@hono/node-server";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ServiceBuilder } from "@sluice/core";
import { type ConcurrencyLimit, concurrencyLimit } from "@sluice/limit";
import express from "express";
import express4 from "express-4";
import Fastify from "fastify";
import { Hono } from "hono";
import { serve } from "srvx";
import { guard as guardFastify } from "../../src/fastify/index.ts";
import { guard as guardHono, type GuardEnv } from "../../src/hono/index.ts";
import { toFetchHandler, untilBodyEnds } from "../../src/index.ts";
import { guard, harden, serverOptions } from "../../src/node/index.ts";
import { listen } from "./loopback.ts";

/** What a handler did with a request. */
interface Handled {
  readonly method: string | undefined;
  /** Without the query, and without the origin where the request had one. */
  readonly path: string;
  /** How many bytes its body had; undefined where that broke off. */
  bytes: number | undefined;
}

/** A real server whose only handler reads the body to its end, behind a limit of one. */
export interface Edge extends AsyncDisposable {
  readonly port: number;
  readonly limit: { readonly active: number };
  readonly handled: readonly Handled[];
}

type Limit = ConcurrencyLimit;

/** What a handler wrongly says of itself: a value with a line break in it, which would be another header. */
const brokenHeader = "a\r\nx-injected: 1";

/** Reads a body, and says what became of it. */
async function read(
  all: Handled[],
  method: string | undefined,
  url: string | undefined,
  body: AsyncIterable<{ readonly length: number }> | null,
): Promise<string> {
  const path = (url ?? "").replace(/^https?:\/\/[^/]*/, "").replace(/\?.*/, "");
  const handled: Handled = { method, path, bytes: undefined };
  all.push(handled);
  let bytes = 0;
  if (body !== null) for await (const chunk of body) bytes += chunk.length;
  handled.bytes = bytes;
  return `${method} ${path} ${bytes}`;
}

const readNode = (all: Handled[]) => async (request: IncomingMessage, response: ServerResponse) => {
  const text = await read(all, request.method, request.url, request);
  if (request.url === "/broken") response.setHeader("x-broken", brokenHeader);
  response.end(text);
};

const readWeb = async (all: Handled[], request: Request): Promise<Response> => {
  const text = await read(all, request.method, request.url, request.body as AsyncIterable<Uint8Array> | null);
  return new Response(text, request.url.endsWith("/broken") ? { headers: { "x-broken": brokenHeader } } : {});
};

/** Makes a server that is not listening yet, or is. */
type Make = (limit: Limit, handled: Handled[]) => Server | Promise<Server>;

const ofExpress =
  (make: typeof express): Make =>
  (limit, handled) => {
    const app = make();
    app.set("env", "test"); // says nothing of failures on the console
    app.use(guard(new ServiceBuilder().layer(limit)).handle(readNode(handled)));
    return createServer(serverOptions(), app);
  };

const makers: Readonly<Record<string, Make>> = {
  "node:http": (limit, handled) =>
    createServer(serverOptions(), guard(new ServiceBuilder().layer(limit)).handle(readNode(handled))),
  "Express 5": ofExpress(express),
  "Express 4": ofExpress(express4),
  Fastify: async (limit, handled) => {
    const app = Fastify({ ...serverOptions(), http: serverOptions(), forceCloseConnections: true });
    await app.register(guardFastify(new ServiceBuilder().layer(limit)));
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    app.all("/*", async ({ method, raw }, reply) => {
      const text = await read(handled, method, raw.url, raw);
      if (raw.url === "/broken") reply.header("x-broken", brokenHeader);
      return text;
    });
    await app.ready();
    return app.server;
  },
  Hono: (limit, handled) => {
    const app = new Hono<GuardEnv>();
    app.use("*", guardHono(new ServiceBuilder().layer(limit)));
    app.onError((_error, c) => c.text("failed", 500));
    app.all("/*", (c) => readWeb(handled, c.req.raw));
    return createAdaptorServer({
      fetch: app.fetch,
      overrideGlobalObjects: false,
      serverOptions: serverOptions(),
    }) as Server;
  },
  srvx: (limit, handled) => {
    const stack = new ServiceBuilder().layer(limit).layer(untilBodyEnds());
    const fetch = toFetchHandler(stack.serviceFn((request: Request) => readWeb(handled, request)));
    const app = serve({ fetch, manual: true, silent: true, gracefulShutdown: false, node: serverOptions() });
    return app.node?.server as Server;
  },
};
export const edgeNames: readonly string[] = Object.keys(makers);

/** One of {@link edgeNames}, on a free port. */
export async function edge(name: string, limit: Limit = concurrencyLimit(1)): Promise<Edge> {
  const handled: Handled[] = [];
  const server = await makers[name]!(limit, handled);
  harden(server, { lingerTimeout: 100 });
  const at = await listen(server);
  return { port: at.port, limit, handled, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
}

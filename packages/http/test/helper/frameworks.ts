import { createAdaptorServer } from "@hono/node-server";
import type { Server } from "node:http";
import Fastify, { type FastifyPluginCallback } from "fastify";
import { Hono, type MiddlewareHandler } from "hono";
import { guard as guardFastify, signalOf } from "../../src/fastify/index.ts";
import { guard as guardHono, type GuardEnv } from "../../src/hono/index.ts";
import { serverOptions } from "../../src/node/index.ts";

/** A request, as the handler of any framework sees it. */
interface Seen {
  readonly path: string;
  readonly signal: AbortSignal;
  /** Reads its body. */
  readonly body: () => Promise<string>;
}

/** What answers all requests. */
type Handler = (seen: Seen) => Promise<string>;

/** Makes a server that does not listen yet, all of whose requests pass a guard. */
type Framework = (stack: object, options: object, handler: Handler) => Promise<Server>;

/** The frameworks that have a guard of their own, each with a server of node. */
export const frameworks: Readonly<Record<string, Framework>> = {
  Fastify: async (stack, options, handler) => {
    const app = Fastify({ ...serverOptions(), http: serverOptions(), forceCloseConnections: true });
    await app.register((guardFastify as (stack: unknown, options: unknown) => FastifyPluginCallback)(stack, options));
    app.all("/*", (request) =>
      handler({ path: request.url, signal: signalOf(request), body: async () => String(request.body) }),
    );
    await app.ready();
    return app.server;
  },
  Hono: async (stack, options, handler) => {
    const app = new Hono<GuardEnv>();
    app.use("*", (guardHono as (stack: unknown, options: unknown) => MiddlewareHandler<GuardEnv>)(stack, options));
    // Hono's own writes failures to the console.
    app.onError((_error, c) => c.text("failed", 500));
    app.all("/*", async (c) =>
      c.text(await handler({ path: c.req.path, signal: c.get("signal"), body: () => c.req.text() })),
    );
    return createAdaptorServer({ fetch: app.fetch, serverOptions: serverOptions() }) as Server;
  },
};

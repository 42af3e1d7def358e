import { EventEmitter, once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { type Service, ServiceBuilder } from "@sluice/core";
import { toFetchHandler, untilBodyEnds } from "@sluice/http";
import { guard as guardFastify } from "@sluice/http/fastify";
import { guard } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout, type TimeoutError } from "@sluice/timeout";
import express, {
  type Request as ExpressRequest,
  type RequestHandler,
  type Response as ExpressResponse,
} from "express";
import Fastify, { type FastifyPluginAsync, type FastifyPluginCallback } from "fastify";
import { FastResponse, serve, type ServerRequest } from "srvx";
import { oneByOne } from "../harness/calls.ts";
import { type Goal, perCall, type Question, type Variant } from "../harness/question.ts";
import { connections, perRequest, served } from "../harness/served.ts";
import * as peers from "../peers/edges.ts";

const limited = () => new ServiceBuilder().layer(concurrencyLimit(connections));
const timed = () => limited().layer(timeout(5_000));
const full = () => new ServiceBuilder().layer(concurrencyLimit(0));

const hello: RequestListener = (_request, response) => response.end("hello");
/** A server without layers: a timer for each request, cleared when its response has closed. */
const timedByHand: RequestListener = (request, response) => {
  const timer = setTimeout(() => response.writeHead(504).end(), 5_000);
  response.once("close", () => clearTimeout(timer));
  hello(request, response);
};

const helloExpress = (_request: ExpressRequest, response: ExpressResponse) => void response.send("hello");
/** An application of Express. ETags are off everywhere, for they cost more than a guard. */
const application = (...handlers: readonly RequestHandler[]) =>
  express()
    .disable("etag")
    .get("/items/1", ...handlers) as RequestListener;

/** A server of Fastify, behind a plugin. */
async function fastify<Options extends object>(
  plugin?: FastifyPluginCallback<Options> | FastifyPluginAsync<Options>,
  options?: object,
): Promise<Server> {
  const app = Fastify();
  if (plugin !== undefined) await app.register(plugin, options as never);
  app.get("/items/1", async () => "hello");
  await app.ready();
  return app.server;
}

const helloFetch = async () => new FastResponse("hello");
/** A server of srvx, on node:http. */
function fetching(handler: (request: ServerRequest) => Promise<Response>): Server {
  return serve({ fetch: handler, manual: true, silent: true }).node!.server as Server;
}
const sent = (request: Request) => once((request as ServerRequest).runtime!.node!.res!, "close");
const fetched = (service: Service<Request, Response, TimeoutError>) =>
  fetching(toFetchHandler(service, { Response: FastResponse }));

/** The parts of a response that a guard uses; it closes as soon as it has ended. */
class Unsent extends EventEmitter {
  readonly socket = {};
  readonly headersSent = false;
  readonly destroyed = false;
  writableEnded = false;
  getHeaderNames(): string[] {
    return [];
  }
  writeHead(): this {
    return this;
  }
  end(): void {
    this.writableEnded = true;
    this.emit("close");
  }
}
const headers = { host: "localhost" };
/** Without a server: one request after the other, each one turn later. */
function inProcess(name: string, by: Variant["by"], make: () => RequestListener): Variant {
  return oneByOne(name, by, () => {
    const handle = make();
    return async () => handle({ headers } as never, new Unsent() as never);
  });
}

const goals: readonly Goal[] = [
  { of: "limit", figure: "cpu", to: "bare", most: 1.15 },
  { of: "limit, time-out", figure: "cpu", to: "bare", most: 1.4 },
  { of: "limit, time-out", figure: "rps", to: "bare", least: 0.97 },
  { of: "refused", figure: "cpu", to: "bare", most: 1.3 },
];

export const question: Question = {
  title: "What does a guard in front of a server cost, and a refusal?",
  about:
    "Servers that say hello, and clients in another process: 32 connections, each asking again as soon as it is answered. In front of the handler is nothing, a guard with a limit, one with a limit and " +
    "a time-out, or what others offer. Where all are refused, which is what a server does under overload, the answer is 503, or 429 of a rate. The CPU time is the server's; it does no other work, so no server could show " +
    "a guard larger.",
  groups: [
    {
      title: "node:http",
      columns: perRequest,
      variants: [
        served("bare", "bare", () => hello),
        served("time-out by hand", "hand", () => timedByHand),
        served("limit", "sluice", () => guard(limited()).handle(hello)),
        served("limit, time-out", "sluice", () => guard(timed()).handle(hello)),
        served("refused", "sluice", () => guard(full()).handle(hello), 503),
      ],
      goals,
      rounds: 7,
    },
    {
      title: "Express 5",
      columns: perRequest,
      variants: [
        served("bare", "bare", () => application(helloExpress)),
        served("limit", "sluice", () => application(guard(limited()).handle(helloExpress))),
        served("limit, time-out", "sluice", () => application(guard(timed()).handle(helloExpress))),
        served("express-rate-limit", "peer", async () =>
          application(await peers.expressRateLimit({ refuses: false }), helloExpress),
        ),
        served("opossum", "peer", async () => application(await peers.opossumHandler({ refuses: false }))),
        served("refused", "sluice", () => application(guard(full()).handle(helloExpress)), 503),
        served(
          "refused by express-rate-limit",
          "peer",
          async () => application(await peers.expressRateLimit({ refuses: true }), helloExpress),
          429,
        ),
        served(
          "refused by opossum, open",
          "peer",
          async () => application(await peers.opossumHandler({ refuses: true })),
          503,
        ),
      ],
      goals: [
        ...goals,
        { of: "limit, time-out", figure: "cpu", to: "express-rate-limit", most: 1 },
        { of: "refused", figure: "cpu", to: "refused by express-rate-limit", most: 1 },
        { of: "refused", figure: "cpu", to: "refused by opossum, open", most: 1 },
      ],
      rounds: 7,
    },
    {
      title: "Fastify 5",
      columns: perRequest,
      variants: [
        served("bare", "bare", () => fastify()),
        served("limit", "sluice", () => fastify(guardFastify(limited()))),
        served("limit, time-out", "sluice", () => fastify(guardFastify(timed()))),
        served("@fastify/rate-limit", "peer", async () =>
          fastify(...(await peers.fastifyRateLimit({ refuses: false }))),
        ),
        served("@fastify/under-pressure", "peer", async () =>
          fastify(...(await peers.underPressure({ refuses: false }))),
        ),
        served("refused", "sluice", () => fastify(guardFastify(full())), 503),
        served(
          "refused by @fastify/rate-limit",
          "peer",
          async () => fastify(...(await peers.fastifyRateLimit({ refuses: true }))),
          429,
        ),
        served(
          "refused by @fastify/under-pressure",
          "peer",
          async () => fastify(...(await peers.underPressure({ refuses: true }))),
          503,
        ),
      ],
      goals: [
        ...goals,
        { of: "refused", figure: "cpu", to: "refused by @fastify/rate-limit", most: 1 },
        { of: "refused", figure: "cpu", to: "refused by @fastify/under-pressure", most: 1.1 },
      ],
      rounds: 7,
    },
    {
      title: "fetch, by srvx",
      columns: perRequest,
      variants: [
        served("bare", "bare", () => fetching(helloFetch)),
        served("limit", "sluice", () => fetched(limited().serviceFn(helloFetch))),
        served("limit, time-out", "sluice", () => fetched(timed().serviceFn(helloFetch))),
        served("limit, until the response has left", "sluice", () =>
          fetched(limited().layer(untilBodyEnds({ sent })).serviceFn(helloFetch)),
        ),
        served("limit, until the body has ended", "sluice", () =>
          fetched(limited().layer(untilBodyEnds()).serviceFn(helloFetch)),
        ),
        served("refused", "sluice", () => fetched(full().serviceFn(helloFetch)), 503),
      ],
      goals: [...goals, { of: "limit, until the response has left", figure: "cpu", to: "limit", most: 1.1 }],
      rounds: 7,
    },
    {
      title: "The guard of node:http, without a server",
      columns: perCall,
      variants: [
        inProcess("bare", "bare", () => hello),
        inProcess("time-out by hand", "hand", () => timedByHand),
        inProcess("limit", "sluice", () => guard(limited()).handle(hello)),
        inProcess("limit, time-out", "sluice", () => guard(timed()).handle(hello)),
        inProcess("refused", "sluice", () => guard(full()).handle(hello)),
      ],
      goals: [{ of: "limit, time-out", figure: "ns", most: 3_000 }],
    },
  ],
};

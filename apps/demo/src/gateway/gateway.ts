import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { drain, harden, serverOptions } from "@sluice/http/node";
import { meters } from "@sluice/meter";
import { attach } from "../process/parent.ts";
import { type ByRoute, byRoute, type RouteName, routes } from "../routes.ts";
import { AnswerCounts, type DrainCounts } from "./answer-counts.ts";
import { Connections } from "./connections.ts";
import { recordEvents } from "./event-tape.ts";
import type { GatewayMetrics, RouteMetrics } from "./metrics.ts";
import { reply } from "./reply.ts";
import { isScrape } from "./scrape.ts";

/** What a gateway is told. */
export type GatewayTold =
  /** Take nothing new, answer what is in flight, and end. */
  | { readonly kind: "drain" }
  /** Let so many requests of a route in to its backend at once. */
  | { readonly kind: "limit"; readonly route: RouteName; readonly max: number };

/** What a gateway says. */
export type GatewaySays =
  | { readonly kind: "listening"; readonly port: number }
  /** At the end of a drain. */
  | ({ readonly kind: "drained" } & DrainCounts);

/** What the supervisor starts a gateway with, as JSON on the command line. */
export interface GatewaySettings {
  /** Where each backend listens. */
  readonly backends: ByRoute<number>;
  /** 0: one that the system gives. */
  readonly port: number;
  /** How many connections to backends there may be, in all. */
  readonly connections: number;
  /** Whether each request is to be logged. */
  readonly log: boolean;
}

/** What differs between the two gateways. */
export interface Gateway {
  /** Serves what is asked of the routes. */
  serve(request: IncomingMessage, response: ServerResponse): void;
  metrics(route: RouteName): RouteMetrics;
  /** Whether the next request of a route would be let in. */
  isReady(route: RouteName): boolean;
  /** What a route is made of, with the numbers of now. Left out where there are no layers. */
  readonly describe?: (route: RouteName) => object;
  /** Lets so many requests of a route in to its backend at once, from now on. Left out where there are no layers. */
  readonly limit?: (route: RouteName, max: number) => void;
  /** Answers Prometheus at `/metrics`. Left out where there are no layers. */
  readonly scrape?: (request: IncomingMessage, response: ServerResponse) => void;
  /** From now on refuses what is new, with 503. */
  close(): void;
}

/** How long clients go on hearing 503 in a drain, where the port would be closed else: a load balancer would notice meanwhile. */
const linger = 300;
/** A drain that takes longer is given up. */
const drainWithin = 5000;

/** Serves a gateway in this process, on loopback. The server is the same for both. */
export function runGateway(make: (settings: GatewaySettings, connections: Connections) => Gateway): void {
  const settings = JSON.parse(process.argv[2] ?? "{}") as GatewaySettings;
  const connections = new Connections(settings.connections);
  const gateway = make(settings, connections);
  const answers = new AnswerCounts();
  const events = recordEvents();

  const metrics = (): GatewayMetrics => ({
    rss: process.memoryUsage.rss(),
    connections: { active: connections.active, waiting: connections.waiting, max: connections.max },
    answers: answers.byStatus,
    routes: byRoute((route) => gateway.metrics(route)),
    meters: [...meters()].map((each) => each.snapshot()),
    events: events(),
  });
  /** A gateway is ready as long as one route is: the others have limits of their own. */
  const readiness = (response: ServerResponse): void => {
    const ready = byRoute((route) => gateway.isReady(route));
    say(response, routes.some((route) => ready[route]) ? 200 : 503, ready);
  };
  const { scrape } = gateway;
  const pages = new Map<string | undefined, (response: ServerResponse, request: IncomingMessage) => void>([
    [
      "/metrics",
      (response, request) => {
        if (scrape !== undefined && isScrape(request)) scrape(request, response);
        else say(response, 200, metrics());
      },
    ],
    ["/readyz", readiness],
  ]);
  if (gateway.describe !== undefined) {
    const { describe } = gateway;
    pages.set("/describe", (response) => say(response, 200, byRoute(describe)));
  }

  const server = createServer(serverOptions({ keepAliveTimeout: 60_000 }), (request, response) => {
    const page = pages.get(request.url);
    if (page !== undefined) page(response, request);
    else {
      answers.watch(response);
      gateway.serve(request, response);
    }
  });
  harden(server);

  let leaving = false;
  const parent = attach<GatewayTold, GatewaySays>((told) => {
    if (told.kind === "drain") void leave();
    else gateway.limit?.(told.route, told.max);
  });
  const leave = async (): Promise<void> => {
    if (leaving) return;
    leaving = true;
    answers.leave();
    gateway.close();
    await drain(server, { linger, within: drainWithin });
    parent.tell({ kind: "drained", ...answers.drained() });
    // The message goes out first.
    setTimeout(() => process.exit(0), 50);
  };

  server.listen(settings.port, "127.0.0.1", () => {
    parent.tell({ kind: "listening", port: (server.address() as AddressInfo).port });
  });
}

function say(response: ServerResponse, status: number, body: object): void {
  reply(response, status, `${JSON.stringify(body)}\n`);
}

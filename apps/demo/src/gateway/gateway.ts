import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { meters } from "@sluice/meter";
import { attach } from "../process/parent.ts";
import type { ByRoute } from "../routes.ts";
import { type Answer, json, problem } from "./answer.ts";
import { ClientGoneError } from "./client-gone-error.ts";
import { Connections } from "./connections.ts";
import { type GatewayRequest, readRequest } from "./gateway-request.ts";
import type { GatewayMetrics, RouteMetrics } from "./metrics.ts";

/** What a gateway is told: take nothing new, answer what is in flight, and end. */
export interface GatewayTold {
  readonly kind: "drain";
}

/** What a gateway says. */
export type GatewaySays =
  | { readonly kind: "listening"; readonly port: number }
  /** At the end of a drain: of `inFlight` requests that were there at its beginning, so many were answered with what they asked for. */
  | { readonly kind: "drained"; readonly inFlight: number; readonly answered: number; readonly refused: number };

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
  /** Never fails, but for an abort of the signal. */
  answer(request: GatewayRequest, signal: AbortSignal): Promise<Answer>;
  route(name: keyof ByRoute<unknown>): RouteMetrics;
  /** Refuses new work; kept when what was accepted before has been answered. */
  drain(): Promise<void>;
}

/** A drain that takes longer is given up. */
const drainWithin = 5000;

/** Serves a gateway in this process, on loopback. */
export function runGateway(make: (settings: GatewaySettings, connections: Connections) => Gateway): void {
  const settings = JSON.parse(process.argv[2] ?? "{}") as GatewaySettings;
  const connections = new Connections(settings.connections);
  const gateway = make(settings, connections);
  const answers: Record<string, number> = {};
  const open = new Set<ServerResponse>();
  let draining: { inFlight: ReadonlySet<ServerResponse>; answered: number; refused: number } | undefined;

  const metrics = (): GatewayMetrics => ({
    rss: process.memoryUsage.rss(),
    connections: { active: connections.active, waiting: connections.waiting, max: connections.max },
    answers,
    routes: Object.fromEntries(
      Object.keys(settings.backends).map((name) => [name, gateway.route(name as keyof ByRoute<unknown>)]),
    ) as unknown as ByRoute<RouteMetrics>,
    meters: [...meters()].map((each) => each.snapshot()),
  });

  const send = (response: ServerResponse, { status, headers, body }: Answer) => {
    // Whoever keeps a connection open to a server that is leaving would find it closed next time.
    const last = draining === undefined ? {} : { connection: "close" };
    response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers, ...last });
    response.end(body);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    incoming.resume();
    if (incoming.url === "/metrics") {
      send(response, json(200, metrics()));
      return;
    }
    open.add(response);
    const controller = new AbortController();
    response.once("close", () => {
      open.delete(response);
      if (!response.writableFinished) controller.abort(new ClientGoneError());
    });
    let answer: Answer;
    try {
      answer = await gateway.answer(readRequest(incoming), controller.signal);
    } catch (error) {
      // There is nobody to answer.
      if (controller.signal.aborted) return;
      console.error(error);
      answer = problem(500, "The gateway is broken.");
    }
    answers[answer.status] = (answers[answer.status] ?? 0) + 1;
    if (draining?.inFlight.has(response)) draining.answered++;
    else if (draining !== undefined && answer.status === 503) draining.refused++;
    send(response, answer);
  };

  const parent = attach<GatewayTold, GatewaySays>(() => void drain());

  const drain = async () => {
    if (draining !== undefined) return;
    draining = { inFlight: new Set(open), answered: 0, refused: 0 };
    const { inFlight } = draining;
    const late = new Promise((resolve) => setTimeout(resolve, drainWithin));
    await Promise.race([gateway.drain(), late]);
    // What was answered has still to be written.
    const unwritten = [...inFlight].filter((response) => open.has(response));
    const written = unwritten.map((response) => new Promise((resolve) => response.once("close", resolve)));
    await Promise.race([Promise.all(written), late]);
    server.close();
    parent.tell({ kind: "drained", inFlight: inFlight.size, answered: draining.answered, refused: draining.refused });
    // The message goes out first.
    setTimeout(() => process.exit(0), 50);
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => void handle(incoming, response));
  server.listen(settings.port, "127.0.0.1", () => {
    parent.tell({ kind: "listening", port: (server.address() as AddressInfo).port });
  });
}

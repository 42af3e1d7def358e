// The gateway with layers: a table of differing stacks, one for each route, behind the HTTP edge of @sluice/http.
import type { IncomingMessage, ServerResponse } from "node:http";
import { ServiceBuilder } from "@sluice/core";
import { describe } from "@sluice/describe";
import { guard } from "@sluice/http/node";
import { currentRequestId, trace } from "@sluice/trace";
import { routingTable } from "@sluice/util-box";
import { loadHeader } from "../load/messages.ts";
import { byRoute, routes } from "../routes.ts";
import { answered } from "./answered.ts";
import { type GatewayRequest, readRequest } from "./gateway-request.ts";
import { runGateway } from "./gateway.ts";
import { reply } from "./reply.ts";
import { makeRoutes, type Route } from "./routes.ts";
import { scraped } from "./scrape.ts";

/** A line of JSON for each thing that happens. */
const write = (message: string, fields: object) => console.log(JSON.stringify({ message, ...fields }));
const lines = { info: write, warn: write };

runGateway(({ backends, log }, connections) => {
  const made = makeRoutes(connections, backends);
  const service = answered(
    routingTable({
      key: ({ route }: GatewayRequest) => route,
      routes: new Map<string, Route["service"]>(routes.map((name) => [name, made[name].service])),
    }),
  );
  /** The edge of the gateway. */
  const edge = (logger: typeof lines | undefined) =>
    guard(
      new ServiceBuilder().layer(
        trace({ logger, traceparent: ({ headers }: IncomingMessage) => headers["traceparent"] }),
      ),
      { onError: console.error },
      // The signal aborts when the client leaves, and the deadline is the client's own: nothing is begun that could not be
      // answered while the client is there.
    ).handle(async (request: IncomingMessage, response: ServerResponse, options) => {
      const answer = await service.call(readRequest(request), options);
      const id = currentRequestId() ?? "";
      reply(response, answer.status, await answer.text(), {
        ...Object.fromEntries(answer.headers),
        "x-request-id": id,
      });
    });
  const [logged, quiet] = [edge(log ? lines : undefined), edge(undefined)];

  return {
    // The load of the live page is hundreds a second, and would hide what somebody tries by hand.
    serve: (request, response) => (loadHeader in request.headers ? quiet : logged)(request, response),
    metrics: (name) => made[name].metrics(),
    isReady: (name) => made[name].isReady(),
    describe: (name) => describe(made[name].service).toJSON(),
    limit: (name, max) => made[name].limit(max),
    scrape: scraped(byRoute((name) => made[name].service)),
    close() {
      for (const name of routes) made[name].close();
    },
  };
});

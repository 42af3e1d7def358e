// The gateway with layers: a table of differing stacks, one for each route, and the HTTP edge around it.
import { ServiceBuilder, systemClock } from "@sluice/core";
import { currentRequestId, trace } from "@sluice/trace";
import { mapResponse } from "@sluice/util";
import { routingTable } from "@sluice/util-box";
import { routes } from "../routes.ts";
import type { Answer } from "./answer.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { runGateway } from "./gateway.ts";
import { type Edge, httpEdge } from "./http-edge.ts";
import { makeRoutes } from "./routes.ts";

/** A line of JSON for each thing that happens. */
const write = (message: string, fields: object) => console.log(JSON.stringify({ message, ...fields }));
const lines = { info: write, warn: write };

runGateway(({ backends, log }, connections) => {
  const made = makeRoutes(connections, backends);
  const table = routingTable({
    key: ({ route }: GatewayRequest) => route,
    routes: new Map<string, (typeof made)["quote"]["service"]>(routes.map((name) => [name, made[name].service])),
  });
  const edge: Edge = new ServiceBuilder()
    .layer(trace({ logger: log ? lines : undefined, traceparent: ({ traceparent }: GatewayRequest) => traceparent }))
    .layer(mapResponse(withRequestId))
    .service(httpEdge(table));

  return {
    answer: (request, signal) =>
      edge.call(request, {
        signal,
        // Nothing is begun that could not be answered while the client is there.
        deadline: request.patience === undefined ? undefined : systemClock.now() + request.patience,
      }),
    route: (name) => made[name].metrics(),
    async drain() {
      await Promise.all(routes.map((name) => made[name].drain()));
    },
  };
});

function withRequestId(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, "x-request-id": currentRequestId() ?? "" } };
}

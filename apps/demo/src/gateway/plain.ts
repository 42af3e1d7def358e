// The gateway without layers: a plain proxy as it is deployed every day. It gives a backend five seconds, and asks again
// at once, twice at most, when the connection fails or the backend answers with an error. It is not built to fail: it has
// a time-out, it keeps connections alive, its retries are few, and a time-out is not retried.
import type { ServerResponse } from "node:http";
import { isRoute, type RouteName } from "../routes.ts";
import { type GatewayRequest, readRequest } from "./gateway-request.ts";
import { runGateway } from "./gateway.ts";
import { reply } from "./reply.ts";

const timeout = 5000;
const attempts = 3;

runGateway(({ backends }, connections) => {
  const retries = new Map<string, number>();
  let draining = false;

  async function proxy(route: RouteName, { method, id }: GatewayRequest, response: ServerResponse): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const signal = AbortSignal.timeout(timeout);
      try {
        const question = { port: backends[route], method, path: `/?id=${encodeURIComponent(id)}`, headers: {} };
        const { status, body } = await connections.ask(question, signal);
        if (status < 500 || attempt === attempts) return reply(response, status, body);
      } catch {
        if (signal.aborted) return fail(response, 504, "The backend did not answer in time.");
        if (attempt === attempts) return fail(response, 502, "The backend cannot be reached.");
      }
      retries.set(route, (retries.get(route) ?? 0) + 1);
    }
  }

  return {
    serve(incoming, response) {
      const request = readRequest(incoming);
      if (draining) fail(response, 503, "The gateway is closing.");
      else if (isRoute(request.route)) void proxy(request.route, request, response);
      else fail(response, 404, "There is no such route.");
    },
    metrics(name) {
      const { active, waiting } = connections.at(backends[name]);
      return {
        queued: waiting,
        permits: active,
        budget: null,
        limit: null,
        retries: retries.get(name) ?? 0,
        retriesDenied: 0,
        circuitOpened: 0,
        circuitRefused: 0,
      };
    },
    // It takes whatever comes.
    isReady: () => !draining,
    close() {
      draining = true;
    },
  };
});

function fail(response: ServerResponse, status: number, error: string): void {
  reply(response, status, `${JSON.stringify({ error })}\n`);
}

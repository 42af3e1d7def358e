// The gateway without layers: a plain proxy as it is deployed every day. It gives a backend five seconds, and asks again
// at once, twice at most, when the connection fails or the backend answers with an error. It is not built to fail: it has
// a time-out, it keeps connections alive, its retries are few, and a time-out is not retried.
import { isRoute } from "../routes.ts";
import { type Answer, problem } from "./answer.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { runGateway } from "./gateway.ts";

const timeout = 5000;
const attempts = 3;

runGateway(({ backends }, connections) => {
  const retries = new Map<string, number>();
  let inFlight = 0;
  let draining = false;
  let drained = () => {};

  async function proxy(route: keyof typeof backends, { method, id }: GatewayRequest): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const signal = AbortSignal.timeout(timeout);
      try {
        const question = { port: backends[route], method, path: `/?id=${encodeURIComponent(id)}`, headers: {} };
        const { status, body } = await connections.ask(question, signal);
        if (status < 500 || attempt === attempts)
          return { status, body, headers: { "content-type": "application/json" } };
      } catch {
        if (signal.aborted) return problem(504, "The backend did not answer in time.");
        if (attempt === attempts) return problem(502, "The backend cannot be reached.");
      }
      retries.set(route, (retries.get(route) ?? 0) + 1);
    }
  }

  return {
    async answer(request) {
      if (draining) return problem(503, "The gateway is closing.");
      if (!isRoute(request.route)) return problem(404, "There is no such route.");
      inFlight++;
      try {
        return await proxy(request.route, request);
      } finally {
        inFlight--;
        if (inFlight === 0) drained();
      }
    },
    route(name) {
      const { active, waiting } = connections.at(backends[name]);
      return { queued: waiting, permits: active, budget: null, retries: retries.get(name) ?? 0, retriesDenied: 0 };
    },
    drain: () =>
      new Promise((resolve) => {
        draining = true;
        drained = resolve;
        if (inFlight === 0) resolve();
      }),
  };
});

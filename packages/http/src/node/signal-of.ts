import { signalIn } from "./exchange.ts";
import type { NodeRequest } from "./node-http.ts";

/**
 * The signal of a request that has passed a `guard`. It aborts with `ClientGoneError` when the client leaves, and with the reason of a layer
 * that gives up, such as `TimeoutError`. Neither a body that was read nor completion aborts it.
 *
 * @example
 * app.get("/reports/:id", async (request, response) => {
 *   response.json(await makeReport(request.params.id, signalOf(request)));
 * });
 *
 * @throws TypeError when the request has passed no guard
 */
export function signalOf(request: NodeRequest): AbortSignal {
  return signalIn(request);
}

import type { FastifyRequest } from "fastify";
import { signalIn } from "../node/exchange.ts";

/**
 * The signal of a request that has passed a `guard`. It aborts with `ClientGoneError` when the client leaves, and with the reason of a
 * layer that gives up. Fastify's own `request.signal` aborts as soon as a body was parsed, while the client is still connected.
 *
 * @throws TypeError when the request has passed no guard
 */
export function signalOf(request: FastifyRequest): AbortSignal {
  return signalIn(request?.raw);
}

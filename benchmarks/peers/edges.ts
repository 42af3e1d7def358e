// How other libraries are put in front of a server, by their documentation.
import type { RequestHandler } from "express";
import type { FastifyPluginAsync } from "fastify";
import { load } from "./peers.ts";

/** A limit that refuses no request, or 0, which refuses all. */
const limitOf = (refuses: boolean): number => (refuses ? 0 : 1e9);

export async function expressRateLimit({ refuses }: { readonly refuses: boolean }): Promise<RequestHandler> {
  const { rateLimit } = await load<{ readonly rateLimit: (options: object) => RequestHandler }>("express-rate-limit");
  return rateLimit({
    windowMs: 15 * 60_000,
    limit: limitOf(refuses),
    standardHeaders: "draft-8",
    legacyHeaders: false,
    // It warns that 0 refuses all, which is intended.
    validate: { limit: false },
  });
}

interface Breaker {
  fire(): Promise<string>;
  open(): void;
}

/** The breaker is around the work of the handler; refused means that it is open. */
export async function opossumHandler({ refuses }: { readonly refuses: boolean }): Promise<RequestHandler> {
  const { default: CircuitBreaker } = await load<{
    default: new (work: () => Promise<string>, options: object) => Breaker;
  }>("opossum");
  const breaker = new CircuitBreaker(() => Promise.resolve("hello"), {
    timeout: 5_000,
    capacity: 64,
    resetTimeout: 3_600_000,
  });
  if (refuses) breaker.open();
  return async (_request, response) => {
    try {
      response.send(await breaker.fire());
    } catch {
      response.status(503).send("busy");
    }
  };
}

type Plugin = readonly [plugin: FastifyPluginAsync<object>, options: object];

export async function fastifyRateLimit({ refuses }: { readonly refuses: boolean }): Promise<Plugin> {
  const { default: plugin } = await load<{ default: FastifyPluginAsync<object> }>("@fastify/rate-limit");
  return [plugin, { max: limitOf(refuses), timeWindow: "15 minutes" }];
}

/** With a bound for the heap alone: without a sample, as on a busy machine, it takes the event loop as blocked for ever. */
export async function underPressure({ refuses }: { readonly refuses: boolean }): Promise<Plugin> {
  const { default: plugin } = await load<{ default: FastifyPluginAsync<object> }>("@fastify/under-pressure");
  // It refuses from its first sample on, by default after a second.
  return [plugin, { maxHeapUsedBytes: refuses ? 1 : 4e9, sampleInterval: 100, retryAfter: 2 }];
}

import { adaptiveLimit, vegas } from "@sluice/adaptive-limit";
import { buffer } from "@sluice/buffer";
import { type CircuitOpenError, circuitBreaker, isCircuitOpenError } from "@sluice/circuit-breaker";
import { gate, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { isReady } from "@sluice/http";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { meter } from "@sluice/meter";
import { priorityLine } from "@sluice/priority";
import { exponentialBackoff, isIdempotent, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { fallback, filter, mapRequest, mapResponse, type RejectedWith } from "@sluice/util";
import { boxed, type BoxService } from "@sluice/util-box";
import { adaptiveInitial } from "../plan.ts";
import type { ByRoute } from "../routes.ts";
import type { Failure } from "./answered.ts";
import type { Connections } from "./connections.ts";
import { Door } from "./door.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import type { RouteMetrics } from "./metrics.ts";
import { countRetries } from "./retry-counts.ts";
import { upstream } from "./upstream.ts";

/** A route: its stack, what there is to see of it, and its end. */
export interface Route {
  readonly service: BoxService<GatewayRequest, Response, Failure>;
  metrics(): RouteMetrics;
  /** Whether the next request would be let in to the backend. */
  isReady(): boolean;
  /** Lets so many requests in to the backend at once, from now on. A limit that finds this out by itself stays as it is. */
  limit(max: number): void;
  /** From now on refuses what is new. */
  close(): void;
}

/**
 * The stacks, each for the backend it stands in front of. The first layer is the outermost: a meter, which counts what the route as a
 * whole does, refusals and failures by their codes.
 */
export function makeRoutes(connections: Connections, ports: ByRoute<number>): ByRoute<Route> {
  return {
    quote: quote(connections, ports.quote),
    report: report(connections, ports.report),
    fares: fares(connections, ports.fares),
    hash: hash(connections, ports.hash),
  };
}

const none = { budget: null, limit: null, retries: 0, retriesDenied: 0, circuitOpened: 0, circuitRefused: 0 };

/**
 * Two workers of 25 ms: two more permits keep them busy while answers are on their way, and sixteen may wait. Who asks for something
 * important waits in front of the others, and takes the place of one of them where the line is full: so there is no `loadShed`, which
 * would refuse both alike, and the outer time-out bounds the wait. The filter stands outside: what is no question takes no place in the line.
 */
function quote(connections: Connections, port: number): Route {
  const door = new Door();
  const line = priorityLine({
    priority: ({ isImportant }: GatewayRequest) => (isImportant ? 0 : 1),
    levels: 2,
    maxWaiting: 16,
  });
  const limit = concurrencyLimit(4, { line });
  const inside = new ServiceBuilder().layer(limit).layer(timeout(300)).service(upstream(connections, port));
  const service = new ServiceBuilder()
    .layer(meter("quote"))
    .layer(filter(({ id }: GatewayRequest) => /^\d+$/.test(id)))
    .layer(timeout({ total: 800 }))
    .layer(gate(door, { name: "door" }))
    .service(inside);
  return {
    service: boxed(service),
    metrics: () => ({ ...none, queued: limit.waiting, permits: limit.active }),
    limit: (max) => void (limit.max = max),
    isReady: () => door.isOpen && isReady(inside),
    close() {
      door.isOpen = false;
    },
  };
}

/**
 * Four workers of 60 ms. The queue is short: were it as long as the patience of clients, it would be full of requests
 * whose answers come too late as soon as the backend is slow. Each client may have two requests in there, so that none can fill it: outside of the queue, where
 * what is too much for one client takes no place from another. The outer time-out bounds queue and call together.
 */
function report(connections: Connections, port: number): Route {
  const queue = buffer({ capacity: 4 });
  const limit = concurrencyLimit(6);
  const inside = new ServiceBuilder()
    .layer(queue)
    .layer(limit)
    .layer(timeout(700))
    .service(upstream(connections, port));
  const service = new ServiceBuilder()
    .layer(meter("report"))
    .layer(timeout({ total: 900 }))
    .layer(loadShed())
    .layer(keyed({ key: ({ client }: GatewayRequest) => client, gate: () => new Semaphore(2), maxKeys: 1000 }))
    .service(inside);
  return {
    service: boxed(service),
    metrics: () => ({ ...none, queued: queue.queued, permits: limit.active }),
    limit: (max) => void (limit.max = max),
    isReady: () => isReady(inside),
    close: () => void queue.drain(),
  };
}

/**
 * Somebody else's service, with a quota of 50 a second, that fails now and then. Each attempt takes its share of the
 * quota, so the rate is inside the retry; a retry waits for its turn there, ahead of newcomers, who are refused. Nobody waits
 * in the buffer, for the load is shed inside it: it is the door that `drain` shuts.
 *
 * When the service is silent, the circuit opens: no attempt waits for it then, but for a probe. The breaker is outside of the rate, so that who
 * is refused takes no share of the quota, and inside the retry, which ends when the circuit opens. Its breaks are short, for a service that
 * is back is to be found soon, and longer than the time-out of a probe. The fallback answers only while the circuit is open: where there
 * is too much to do, the client is told so.
 */
function fares(connections: Connections, port: number): Route {
  const door = buffer({ capacity: 16 });
  let isOpen = true;
  const limit = concurrencyLimit(20);
  const rate = rateLimit({ limit: 50, interval: 1000, burst: 4, algorithm: "token-bucket" });
  const budget = retryBudget({ ttl: 3000, minPerSecond: 2, ratio: 0.2 });
  const policy = retryPolicy<GatewayRequest>({
    maxRetries: 2,
    retryIf: ({ request, outcome }) => outcome.status === "rejected" && isIdempotent(request.method),
    backoff: exponentialBackoff({ base: 20, max: 100 }),
    budget,
  });
  const counted = countRetries(policy);
  const breaker = circuitBreaker<GatewayRequest>({ consecutive: 8, breakFor: 300 });
  const inside = new ServiceBuilder()
    .layer(retry(policy))
    .layer(breaker)
    .layer(rate)
    .layer(limit)
    .layer(timeout(250))
    .service(upstream(connections, port));
  const service = new ServiceBuilder()
    .layer(meter("fares"))
    .layer(timeout({ total: 900 }))
    .layer(fallback({ to: estimates, when: isCircuitOpen, whenFull: false }))
    .layer(door)
    .layer(loadShed())
    .service(inside);
  return {
    service: boxed(service),
    metrics: () => ({
      queued: door.queued + rate.waiting + limit.waiting,
      permits: limit.active,
      budget: budget.balance,
      limit: null,
      retries: counted.retries,
      retriesDenied: counted.denied,
      circuitOpened: breaker.opened,
      circuitRefused: breaker.refused,
    }),
    limit: (max) => void (limit.max = max),
    isReady: () => isOpen && isReady(inside),
    close() {
      isOpen = false;
      void door.drain();
    },
  };
}

/** About what a fare is. It says so, for who asks may want to ask again. */
const estimates = serviceFn(({ id }: GatewayRequest) => Response.json({ id, fare: 40, estimated: true }));

function isCircuitOpen(outcome: PromiseSettledResult<unknown>): outcome is RejectedWith<CircuitOpenError> {
  return outcome.status === "rejected" && isCircuitOpenError(outcome.reason);
}

/**
 * How many threads hash, and how fast, is the machine's affair: the limit finds by itself how many the backend can do at once. A few may
 * wait, for threads are held up now and then; the rest is refused before it costs anything. An id may be long, and is cut; answers may be
 * kept for a minute.
 */
function hash(connections: Connections, port: number): Route {
  const queue = buffer({ capacity: 4 });
  // A demo is short: a window of a second would be a fifth of its spike.
  const limit = adaptiveLimit<GatewayRequest>(vegas({ initial: adaptiveInitial, min: 2, max: 64 }), {
    window: { time: 250, samples: 5 },
  });
  const inside = new ServiceBuilder()
    .layer(queue)
    .layer(mapRequest((request: GatewayRequest) => ({ ...request, id: request.id.slice(0, 100) })))
    .layer(mapResponse(keptForAMinute))
    .layer(limit)
    .layer(timeout(500))
    .service(upstream(connections, port));
  const service = new ServiceBuilder().layer(meter("hash")).layer(loadShed()).service(inside);
  return {
    service: boxed(service),
    metrics: () => ({ ...none, queued: queue.queued, permits: limit.active, limit: limit.limit }),
    limit() {},
    isReady: () => isReady(inside),
    close: () => void queue.drain(),
  };
}

function keptForAMinute(answer: Response): Response {
  answer.headers.set("cache-control", "max-age=60");
  return answer;
}

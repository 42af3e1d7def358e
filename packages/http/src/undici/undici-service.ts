import { type Clock, gate, raises, Semaphore, type Service, ServiceBuilder } from "@sluice/core";
import { readOptions, requireClock, requireLabel, requireNumber, requireObject, show } from "@sluice/core/kit";
import { Client, type Dispatcher, fetch, Pool } from "undici";
import { exchange } from "../client/exchange.ts";
import type { HttpRequest } from "../client/http-request.ts";
import type { NetworkError } from "../client/network-error.ts";
import { plainRequest } from "./plain-request.ts";
import { WatchedHandler } from "./watched-handler.ts";

/** Options of {@link undiciService}. */
export interface UndiciServiceOptions {
  /** The scheme, host and port of the server, and nothing else: `"https://api.example.com"`. */
  readonly origin: string | URL;
  /** How many connections there may be: a whole number of 1 or more. */
  readonly connections: number;
  /** Further options of undici's `Pool`: `keepAliveTimeout`, `connect`, `bodyTimeout`. Default: none. */
  readonly pool?: Omit<Pool.Options, "connections" | "pipelining"> | undefined;
  /** Where `oldest` reads time; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this pool apart from others: `"users"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** A pool as a service, and its counters. */
export interface UndiciService {
  /** Ready while a connection is free. */
  readonly service: Service<HttpRequest, Response, NetworkError>;
  /** Undici's pool, for its statistics and to close it. */
  readonly pool: Pool;
  /** Connections that are reserved or in use. */
  readonly active: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Connections that are free. */
  readonly available: number;
  /** Milliseconds that the longest exchange has taken so far; 0 when there is none. */
  readonly oldest: number;
  /** The label and the counters. */
  toJSON(): Record<string, unknown>;
}

const name = "undiciService";

/**
 * A pool of connections to one origin. A permit of the service is a connection, so a stack knows whether a request would wait, and requests
 * wait only where counters show them.
 *
 * An exchange holds its connection until its body has ended: read, cancelled, broken off or aborted. So read each body, or cancel it. Its
 * signal works until then, also through an outer timeout.
 *
 * The address of a request may be a path, `"/users/1"`; an address of another origin gives a `TypeError`. Redirects are not followed, for
 * the pool connects to one origin only. The responses are of undici's class `Response`, which is not the global one.
 *
 * @example
 * const { service, pool } = undiciService({ origin: "https://api.example.com", connections: 20 });
 * const users = new ServiceBuilder().layer(timeout(1_000)).layer(failOnStatus()).service(service);
 * await (await users.call({ url: "/users/1" })).json();
 * await pool.close();
 *
 * @throws TypeError | RangeError when an option is missing or not in its range
 */
export function undiciService(options: UndiciServiceOptions): UndiciService {
  const read = readOptions(name, options, ["origin", "connections", "pool", "clock", "label"]);
  const origin = requireOrigin(read.origin);
  const connections = requireNumber(name, "connections", read.connections, { min: 1, integer: true });
  const label = requireLabel(name, read.label);
  const places = new Semaphore(connections, { clock: requireClock(name, read.clock) });
  const pool = poolOf(origin, connections, read.pool);

  const service = new ServiceBuilder()
    .layer(gate(places, { name, label, traits: ["limits"], facts: { max: connections } }))
    .serviceFn((request: HttpRequest, callOptions) => {
      const watch = new PoolExchange(pool);
      const answer = exchange(fetch, undefined, plainRequest(request, origin, watch.dispatcher), callOptions);
      callOptions.waitUntil?.(watch.over(answer));
      return answer;
    }, raises<NetworkError>());
  return {
    service,
    pool,
    get active() {
      return places.active;
    },
    get waiting() {
      return places.waiting;
    },
    get available() {
      return places.available;
    },
    get oldest() {
      return places.oldest;
    },
    toJSON: () => ({
      name,
      label,
      active: places.active,
      waiting: places.waiting,
      available: places.available,
      oldest: places.oldest,
    }),
  };
}

/** Follows one request of fetch in the pool. */
class PoolExchange {
  readonly dispatcher: Dispatcher;
  /** Requests in progress in the pool: none until fetch dispatches, and then one. */
  private running = 0;
  private answered = false;
  private end!: () => void;

  constructor(pool: Pool) {
    this.dispatcher = pool.compose((dispatch) => (options, handler) => {
      this.running++;
      return dispatch(
        options,
        new WatchedHandler(handler, () => {
          this.running--;
          this.settle();
        }),
      );
    });
  }

  /** Resolves when fetch has settled and no request is in progress. Fetch may fail or be aborted before it dispatches. */
  over(answer: Promise<unknown>): Promise<void> {
    const settled = (): void => {
      this.answered = true;
      this.settle();
    };
    answer.then(settled, settled);
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }

  private settle(): void {
    if (this.answered && this.running === 0) this.end();
  }
}

/** Undici checks its options itself; its error is the cause. */
function poolOf(origin: URL, connections: number, options: UndiciServiceOptions["pool"] = {}): Pool {
  requireObject(name, "pool", options);
  try {
    // A pool checks most of them only when it makes its first client, at the first request.
    if (options.factory === undefined) void new Client(origin, { ...options, pipelining: 1 });
    return new Pool(origin, { ...options, connections, pipelining: 1 });
  } catch (cause) {
    throw new TypeError(`${name}: pool must be options that undici takes (see the cause); received ${show(options)}`, {
      cause,
    });
  }
}

function requireOrigin(value: unknown): URL {
  const url = parse(value);
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === "/" &&
    url.search === "" &&
    url.hash === "" &&
    // Fetch refuses each request to an address with a user name or a password.
    url.username === "" &&
    url.password === ""
  )
    return url;
  throw new TypeError(
    `${name}: origin must be an address of http or https, without a path, a user name and a password; received ${show(value)}`,
  );
}

function parse(value: unknown): URL | undefined {
  try {
    return typeof value === "string" || value instanceof URL ? new URL(value) : undefined;
  } catch {
    return undefined;
  }
}

import {
  type AnyService,
  type FailureOf,
  madeOf,
  type OverloadedError,
  type ResponseOf,
  type Service,
  serviceFn,
} from "@sluice/core";
import { readOptions, requireFunction, requireMethods, requireService, show } from "@sluice/core/kit";
import type { RequestOfAll } from "./request-of-all.ts";
import { RouteNotFoundError } from "./route-not-found-error.ts";
import { router } from "./router.ts";

/** Options of {@link routingTable}. */
export interface RoutingTableOptions<Key, S extends AnyService, N extends AnyService | undefined = undefined> {
  /**
   * The key of a request: where it goes. Asked once when readiness is asked for, twice in one turn for a call that has to wait (the second
   * key is where it waits), and again only where the permit is then spent on another request. What it throws is a failure of readiness, or of
   * the call where it runs there.
   */
  readonly key: (request: RequestOfAll<S>) => NoInfer<Key> | undefined;
  /** The service for each key. Read at every request: add, replace and delete routes while the table runs. */
  readonly routes: ReadonlyMap<Key, S>;
  /** Takes the requests that have no route; default: they reject with {@link RouteNotFoundError}. */
  readonly notFound?: N | undefined;
}

/** The service that a {@link routingTable} is. */
export type RoutingTable<S extends AnyService, N extends AnyService | undefined = undefined> = [N] extends [AnyService]
  ? Service<
      RequestOfAll<S> & RequestOfAll<N>,
      ResponseOf<S> | ResponseOf<N>,
      FailureOf<S> | FailureOf<N> | OverloadedError
    >
  : Service<RequestOfAll<S>, ResponseOf<S>, FailureOf<S> | RouteNotFoundError | OverloadedError>;

/**
 * One service over many: each request goes to the route that its key names, and each route keeps its own limits.
 *
 * With a request named (`call` always does), exactly its route is reserved, and a full route does not block the
 * others. A permit that is spent on a request of another route is exchanged: its reservation is released, and the other
 * route is tried once, without waiting; when that is at capacity the call rejects with `OverloadedError`. A reservation without a request
 * takes one of each route, in the order of the map, and gives the rest back at the call.
 *
 * A request without a route is ready at once, and its call rejects with {@link RouteNotFoundError}; or it goes to `notFound`.
 * A caller that waits for a route stays with the service that it asked when the routes change.
 *
 * **Put limits inside the routes.** One outside is held also by callers that wait for a full route inside, and then keeps the
 * others from theirs.
 *
 * @example
 * const routes = new Map<string, BoxService<Request, Response, OverloadedError>>([["/search", boxed(search)]]);
 * const gateway = routingTable({ key: (request) => new URL(request.url).pathname, routes });
 *
 * @throws TypeError when `key` is not a function, `routes` no map of services, or `notFound` no service
 */
export function routingTable<Key, S extends AnyService, N extends AnyService | undefined = undefined>(
  options: RoutingTableOptions<Key, S, N>,
): RoutingTable<S, N> {
  const { key, routes, notFound } = readOptions("routingTable", options, ["key", "routes", "notFound"]);
  requireFunction("routingTable", "key", key);
  requireMethods("routingTable", "routes", routes, "a map", ["get", "values"]);
  if (notFound !== undefined) requireService("routingTable", "notFound", notFound);
  const keyOf = key as (request: unknown) => Key;
  const table = routes as ReadonlyMap<Key, AnyService>;
  for (const service of servicesIn(table)) requireService("routingTable", "each of routes", service);
  const routed = router("routingTable", {
    find(request) {
      const wanted = keyOf(request);
      return table.get(wanted) ?? notFound ?? missing(wanted);
    },
    all: () => (notFound === undefined ? table.values() : [...table.values(), notFound]),
  });
  return madeOf(routed, {
    name: "routingTable",
    about: { traits: ["routes"] },
    branches: () => (notFound === undefined ? table : [...table, ["notFound", notFound] as const]),
  }) as RoutingTable<S, N>;
}

function servicesIn(table: ReadonlyMap<unknown, unknown>): unknown[] {
  try {
    return [...table.values()];
  } catch (cause) {
    throw new TypeError(`routingTable: routes must be a map of services; received ${show(table)}`, { cause });
  }
}

/** Where a request without a route goes: always ready, and never answers. */
function missing(key: unknown): AnyService {
  return serviceFn(() => {
    throw new RouteNotFoundError(key);
  });
}

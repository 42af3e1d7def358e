import type { OverloadedError, Service } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { boxed, type BoxService, type RouteNotFoundError, routingTable, steer } from "../src/index.ts";

class SlowError extends Error {
  readonly code = "SLOW";
}
class GoneError extends Error {
  readonly code = "GONE";
}
interface Ask {
  readonly path: string;
}
declare const count: Service<Ask, number, SlowError>;
declare const check: Service<Ask, boolean, never>;
declare const byName: Service<Ask & { name: string }, string, GoneError>;
declare const byId: Service<number, string, never>;

// Differing stacks in one map.
const routes = new Map<string, BoxService<Ask, number | boolean, SlowError>>([
  ["/count", boxed(count)],
  ["/check", boxed(check)],
]);
const table = routingTable({
  key: (request) => {
    expectTypeOf(request).toEqualTypeOf<Ask>();
    return request.path;
  },
  routes,
});
expectTypeOf(table).toEqualTypeOf<Service<Ask, number | boolean, SlowError | RouteNotFoundError | OverloadedError>>();

// With a service for what is not found: its responses and failures in place of RouteNotFoundError.
const total = routingTable({ key: ({ path }) => path, routes, notFound: byName });
expectTypeOf(total).toEqualTypeOf<
  Service<Ask & { name: string }, number | boolean | string, SlowError | GoneError | OverloadedError>
>();

// A map of several types of service: what goes for all.
declare const mixed: ReadonlyMap<string, typeof count | typeof byName>;
expectTypeOf(routingTable({ key: ({ path }) => path, routes: mixed })).toEqualTypeOf<
  Service<Ask & { name: string }, number | string, SlowError | GoneError | RouteNotFoundError | OverloadedError>
>();

// A key may be missing.
routingTable({ key: ({ path }) => path.split("/")[1], routes });
declare const literal: Map<"a" | "b", typeof count>;
routingTable({ key: ({ path }) => (path === "/" ? "a" : "b"), routes: literal });
// @ts-expect-error the routes have other keys
routingTable({ key: ({ path }) => path, routes: literal });
// @ts-expect-error the routes have other keys
routingTable({ key: ({ path }) => path.length, routes });
// @ts-expect-error the requests have no such member
routingTable({ key: ({ name }) => String(name), routes });
// @ts-expect-error an object is no map
routingTable({ key: ({ path }) => path, routes: { "/count": count } });
// @ts-expect-error a function is no service
routingTable({ key: ({ path }) => path, routes, notFound: () => 404 });
// @ts-expect-error an edge that must answer for everything: the table may refuse, and may not find
const edge: Service<Ask, number | boolean, SlowError> = table;
void edge;

// steer: the same, by a function.
const steered = steer([count, check], ({ path }, services) => path.length % services.length);
expectTypeOf(steered).toEqualTypeOf<Service<Ask, number | boolean, SlowError | OverloadedError>>();
// @ts-expect-error an index is a number
steer([count, check], ({ path }) => path);
// @ts-expect-error no request suits both
void steer([count, byId], () => 0).call(1);

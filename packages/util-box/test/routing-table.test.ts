import { AsyncLocalStorage } from "node:async_hooks";
import {
  gate,
  isOverloadedError,
  isPermitSpentError,
  type Lease,
  type Permit,
  Semaphore,
  Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { type MockHandle, mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { boxed, type BoxService, isRouteNotFoundError, RouteNotFoundError, routingTable } from "../src/index.ts";
import { hops, turn, unhandledIn } from "@sluice/test-kit";

type Route = BoxService<string, string, never>;
type Handle = MockHandle<string, string>;

/** A service whose limit writes down who comes and goes. */
function logged(name: string, log: string[]): Service<unknown, unknown, never> {
  const lease: Lease = {
    cancel: () => log.push(`${name} back`),
    finish: () => log.push(`${name} done`),
  };
  const tryAcquire = (): Lease => {
    log.push(`${name} in`);
    return lease;
  };
  return new ServiceBuilder()
    .layer(gate({ tryAcquire, acquire: () => Promise.resolve(lease) }, { name }))
    .serviceFn((request: unknown): unknown => request);
}

/** A table whose requests are `key` or `key/rest`. */
function tableOf(...keys: string[]) {
  const routes = new Map<string, Route>();
  const handles: Record<string, Handle> = {};
  const add = (name: string): Handle => {
    const [service, handle] = mockService<string, string>();
    routes.set(name, boxed(service));
    handles[name] = handle;
    return handle;
  };
  for (const name of keys) add(name);
  const key = vi.fn<(request: string) => string | undefined>((request) => request.split("/")[0]);
  const table = routingTable({ key, routes });
  const [a, b, c] = keys.map((name) => handles[name]) as [Handle, Handle, Handle];
  const held = (): number[] => keys.map((name) => handles[name]?.reserved ?? 0);
  return { table, routes, key, add, a, b, c, held };
}

/** A route with a limit; answers with its name. */
function limited(name: string, max: number) {
  const semaphore = new Semaphore(max);
  const service: Route = new ServiceBuilder()
    .layer(gate(semaphore, { name: `${name} limit` }))
    .serviceFn((request: string) => `${name}: ${request}`);
  return { semaphore, service };
}

describe("promise 10: with a request named", () => {
  test("exactly its route is reserved", async () => {
    const { table, held } = tableOf("a", "b", "c");
    const tried = table.tryReady("b/1");
    expect(held()).toEqual([0, 1, 0]);
    const waited = await table.ready({ request: "c/1" });
    expect(held()).toEqual([0, 1, 1]);
    tried?.release();
    waited.release();
    expect(held()).toEqual([0, 0, 0]);
  });

  test("its route is called", async () => {
    const { table, b } = tableOf("a", "b");
    const answer = table.call("b/1", { deadline: 7 });
    const { request, options, respond } = await b.nextRequest();
    expect([request, options.deadline]).toEqual(["b/1", 7]);
    respond("done");
    expect(await answer).toBe("done");
  });

  test("a full route does not block the others", async () => {
    const { table, a, b } = tableOf("a", "b");
    a.allow(0);
    expect(table.tryReady("a")).toBeUndefined();
    const waiting = table.call("a");
    const answer = table.call("b");
    (await b.nextRequest()).respond("b");
    expect(await answer).toBe("b");
    a.allow(1);
    (await a.nextRequest()).respond("a");
    expect(await waiting).toBe("a");
  });

  test("the key is computed once for a reservation", async () => {
    const { table, key } = tableOf("a");
    const request = "a/1";
    void table.tryReady(request)?.call(request);
    expect(key.mock.calls).toEqual([[request]]);
    key.mockClear();
    void (await table.ready({ request })).call(request);
    expect(key.mock.calls).toEqual([[request]]);
  });

  test("for a call that has to wait it is computed twice in one turn, and the second one is where it waits", async () => {
    const { table, key, a, b } = tableOf("a", "b");
    a.allow(0);
    b.allow(0);
    key.mockReturnValueOnce("a");
    const answer = table.call("b/1");
    expect(key.mock.calls).toEqual([["b/1"], ["b/1"]]);
    expect([a.waiting, b.waiting]).toEqual([0, 1]);
    b.allow(1);
    (await b.nextRequest()).respond("b");
    expect(await answer).toBe("b");
    expect(key).toHaveBeenCalledTimes(2);
  });

  test("a permit spent on another request of its route is used", async () => {
    const { table, a } = tableOf("a", "b");
    a.allow(1);
    void table.tryReady("a/1")?.call("a/2");
    expect((await a.nextRequest()).request).toBe("a/2");
    expect(a.released).toBe(0);
  });
});

describe("promise 10: a permit spent on a request of another route", () => {
  test("is exchanged: its reservation is given back, and the other route is called", async () => {
    const { table, a, b, held } = tableOf("a", "b");
    const answer = table.tryReady("a")?.call("b/1");
    expect([held(), a.released]).toEqual([[0, 0], 1]);
    const { request, respond } = await b.nextRequest();
    expect(request).toBe("b/1");
    respond("b");
    expect(await answer).toBe("b");
    expect(a.calls).toBe(0);
  });

  test("is refused without waiting where the other route is full; the error names who refused", async () => {
    const [a, b] = [limited("a", 1), limited("b", 0)];
    const table = routingTable({
      key: (request: string) => request,
      routes: new Map([
        ["a", a.service],
        ["b", b.service],
      ]),
    });
    const refused = table.tryReady("a")?.call("b");
    await expect(refused).rejects.toSatisfy(isOverloadedError);
    await expect(refused).rejects.toMatchObject({ layer: "b limit" });
    expect([a.semaphore.active, b.semaphore.waiting]).toEqual([0, 0]);
  });

  test("is refused with what the gate says of when to ask again", async () => {
    const policy = Object.assign(new Semaphore(0), { retryAfter: () => 250 });
    const full: Route = new ServiceBuilder()
      .layer(gate(policy, { name: "quota" }))
      .serviceFn((request: string) => request);
    const { table, routes } = tableOf("a");
    routes.set("b", full);
    await expect(table.tryReady("a")?.call("b")).rejects.toMatchObject({ layer: "quota", retryAfter: 250 });
  });

  test("is refused in the table's name where the route does not say who refused", async () => {
    class Silent extends Service<string, string, never> {
      override tryReady(): undefined {}
      override ready(): Promise<Permit<string, string, never>> {
        return new Promise(() => {});
      }
    }
    const { table, routes, a } = tableOf("a");
    routes.set("silent", new Silent());
    // Somebody else was refused before: that is not the reason.
    a.allow(1);
    const permit = table.tryReady("a");
    expect(table.tryReady("a")).toBeUndefined();
    await expect(permit?.call("silent")).rejects.toMatchObject({ layer: "routingTable", retryAfter: undefined });
  });

  test("fails as the other route's readiness does", async () => {
    const { table, b, held } = tableOf("a", "b");
    const error = new Error("closed");
    b.sendFailure(error);
    await expect(table.tryReady("a")?.call("b")).rejects.toBe(error);
    expect(held()).toEqual([0, 0]);
  });

  test("is exchanged where the table found no route before", async () => {
    const { table, a } = tableOf("a");
    void table.tryReady("nowhere")?.call("a");
    expect((await a.nextRequest()).request).toBe("a");
  });
});

describe("promise 10: a reservation without a request", () => {
  test("takes one of each route, and gives the rest back at the call", async () => {
    const { table, b, held } = tableOf("a", "b", "c");
    for (const reserve of [() => table.tryReady(), () => table.ready()]) {
      const permit = await reserve();
      expect(held()).toEqual([1, 1, 1]);
      void permit?.call("b/1");
      expect(held()).toEqual([0, 0, 0]);
      expect((await b.nextRequest()).request).toBe("b/1");
    }
  });

  test("is given back whole", async () => {
    const { table, held, a } = tableOf("a", "b", "c");
    table.tryReady()?.release();
    (await table.ready()).release();
    expect([held(), a.released]).toEqual([[0, 0, 0], 2]);
  });

  test("promise 9: takes them in order, and gives them back in reverse", async () => {
    const log: string[] = [];
    const routes = new Map(["a", "b", "c"].map((name) => [name, logged(name, log)]));
    const table = routingTable({ key: String, routes });
    table.tryReady()?.release();
    expect(log).toEqual(["a in", "b in", "c in", "c back", "b back", "a back"]);
    log.length = 0;
    await table.tryReady()?.call("b");
    expect(log).toEqual(["a in", "b in", "c in", "c back", "a back", "b done"]);
  });

  test("promise 9: takes nothing where one route is full, or its readiness fails", () => {
    const { table, b, held } = tableOf("a", "b", "c");
    b.allow(0);
    expect(table.tryReady()).toBeUndefined();
    expect(held()).toEqual([0, 0, 0]);
    const error = new Error("closed");
    b.sendFailure(error);
    expect(() => table.tryReady()).toThrow(error);
    expect(held()).toEqual([0, 0, 0]);
  });

  test("waits for each route in turn, in the order of the map", async () => {
    const { table, a, b, c, held } = tableOf("a", "b", "c");
    a.allow(0);
    c.allow(0);
    const waiting = table.ready();
    expect([held(), [a.waiting, b.waiting, c.waiting]]).toEqual([
      [0, 0, 0],
      [1, 0, 0],
    ]);
    a.allow(1);
    await turn();
    expect([held(), [a.waiting, b.waiting, c.waiting]]).toEqual([
      [1, 1, 0],
      [0, 0, 1],
    ]);
    c.allow(1);
    (await waiting).release();
    expect(held()).toEqual([0, 0, 0]);
  });

  test("promise 5: an abort on the way gives back what was taken", async () => {
    const { table, c, held } = tableOf("a", "b", "c");
    c.allow(0);
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = table.ready({ signal: controller.signal });
    expect([held(), c.waiting]).toEqual([[1, 1, 0], 1]);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect([held(), c.waiting]).toEqual([[0, 0, 0], 0]);
  });

  test("promise 9: a failure on the way gives back what was taken", async () => {
    const { table, c, held } = tableOf("a", "b", "c");
    const error = new Error("closed");
    c.sendFailure(error);
    await expect(table.ready()).rejects.toBe(error);
    c.allow(0);
    const waiting = table.ready();
    c.sendFailure(error);
    await expect(waiting).rejects.toBe(error);
    expect(held()).toEqual([0, 0, 0]);
  });

  test("takes a service that has several keys once", async () => {
    const { semaphore, service } = limited("both", 1);
    const table = routingTable({
      key: (request: string) => request,
      routes: new Map([
        ["a", service],
        ["b", service],
      ]),
    });
    const permit = table.tryReady();
    expect(semaphore.active).toBe(1);
    expect(await permit?.call("b")).toBe("both: b");
    expect(await (await table.ready()).call("a")).toBe("both: a");
    expect(semaphore.active).toBe(0);
  });

  test("is exchanged where the route came later", async () => {
    const { table, add, held } = tableOf("a");
    const permit = table.tryReady();
    const later = add("later");
    void permit?.call("later");
    expect(held()).toEqual([0]);
    expect((await later.nextRequest()).request).toBe("later");
  });

  test("two who take one of each never wait for each other", async () => {
    const [a, b] = [limited("a", 1), limited("b", 1)];
    const table = routingTable({
      key: (request: string) => request,
      routes: new Map([
        ["a", a.service],
        ["b", b.service],
      ]),
    });
    const all = ["a", "b", "a", "b"].map(async (request) => (await table.ready()).call(request));
    expect(await Promise.all(all)).toEqual(["a: a", "b: b", "a: a", "b: b"]);
    expect([a.semaphore.active, b.semaphore.active]).toEqual([0, 0]);
  });

  test("of a hundred thousand routes is no deeper than of one", async () => {
    const service = (): Route => serviceFn((request: string) => request);
    const routes = new Map(Array.from({ length: 100_000 }, (_, index) => [String(index), service()]));
    const table = routingTable({ key: (request) => request, routes });
    expect(await (await table.ready()).call("99999")).toBe("99999");
    // Nor when the first of them has to be waited for.
    const full = limited("full", 1);
    routes.set("0", full.service);
    const held = full.service.tryReady("0");
    const permit = table.ready();
    held?.release();
    expect(await (await permit).call("99999")).toBe("99999");
    expect(full.semaphore.active).toBe(0);
  });

  test("of no route at all is granted, and finds none", async () => {
    const { table } = tableOf();
    await expect(table.tryReady()?.call("a")).rejects.toSatisfy(isRouteNotFoundError);
  });
});

describe("a request without a route", () => {
  test("is ready at once, and its call rejects with the key", async () => {
    const { table, key } = tableOf("a");
    const rejected = table.tryReady("x/1")?.call("x/1");
    await expect(rejected).rejects.toThrow(RouteNotFoundError);
    await expect(rejected).rejects.toMatchObject({ key: "x" });
    expect(key).toHaveBeenCalledTimes(1);
    await expect((await table.ready({ request: "x" })).call("x")).rejects.toSatisfy(isRouteNotFoundError);
    await expect(table.call("x")).rejects.toSatisfy(isRouteNotFoundError);
  });

  test("spent from another's permit gives that back, and names the key of its own", async () => {
    const { table, held } = tableOf("a");
    await expect(table.tryReady("a")?.call("x")).rejects.toMatchObject({ key: "x" });
    await expect(table.tryReady()?.call("y")).rejects.toMatchObject({ key: "y" });
    await expect(table.tryReady("x")?.call("y")).rejects.toMatchObject({ key: "y" });
    expect(held()).toEqual([0]);
  });

  test("goes to notFound, which is reserved as a route is", async () => {
    const [a, other] = [limited("a", 1), limited("other", 1)];
    const table = routingTable({
      key: (request: string) => request,
      routes: new Map([["a", a.service]]),
      notFound: other.service,
    });
    const permit = table.tryReady("x");
    expect([a.semaphore.active, other.semaphore.active]).toEqual([0, 1]);
    expect(table.tryReady("y")).toBeUndefined();
    expect(await permit?.call("z")).toBe("other: z");
    const blind = table.tryReady();
    expect([a.semaphore.active, other.semaphore.active]).toEqual([1, 1]);
    expect(await blind?.call("x")).toBe("other: x");
    expect([a.semaphore.active, other.semaphore.active]).toEqual([0, 0]);
  });
});

describe("when the key throws", () => {
  const error = new Error("no key");
  const throwing = () => {
    const made = tableOf("a");
    made.key.mockImplementation((request) => {
      if (request === "bad") throw error;
      return request;
    });
    return made;
  };

  test("promise 12: readiness fails with it", async () => {
    const { table } = throwing();
    expect(() => table.tryReady("bad")).toThrow(error);
    await expect(table.ready({ request: "bad" })).rejects.toBe(error);
    await expect(table.call("bad")).rejects.toBe(error);
  });

  test("promise 3: a permit spent on it is given back", async () => {
    const { table, held, a } = throwing();
    await expect(table.tryReady("a")?.call("bad")).rejects.toBe(error);
    await expect(table.tryReady()?.call("bad")).rejects.toBe(error);
    expect([held(), a.calls, a.released]).toEqual([[0], 0, 2]);
  });
});

describe("when the routes change", () => {
  test("the next request sees it", async () => {
    const { table, add, routes } = tableOf("a");
    await expect(table.call("b")).rejects.toSatisfy(isRouteNotFoundError);
    const b = add("b");
    const answer = table.call("b");
    (await b.nextRequest()).respond("b");
    expect(await answer).toBe("b");
    routes.delete("b");
    await expect(table.call("b")).rejects.toSatisfy(isRouteNotFoundError);
  });

  test("those in line stay with the service that they asked", async () => {
    const { table, add, a, routes } = tableOf("a");
    a.allow(0);
    const replaced = table.call("a/1");
    const replacement = add("a");
    const deleted = table.call("a/2");
    expect([a.waiting, replacement.calls]).toEqual([1, 1]);
    routes.delete("a");
    a.allow(1);
    const { request, respond } = await a.nextRequest();
    expect(request).toBe("a/1");
    respond("old");
    (await replacement.nextRequest()).respond("new");
    expect(await Promise.all([replaced, deleted])).toEqual(["old", "new"]);
  });

  test("a permit keeps its service for the request it is for, and is exchanged for another", async () => {
    const { table, add, a } = tableOf("a");
    const permits = [table.tryReady("a/1"), table.tryReady("a/1")];
    const replacement = add("a");
    void permits[0]?.call("a/1");
    expect((await a.nextRequest()).request).toBe("a/1");
    void permits[1]?.call("a/2");
    expect((await replacement.nextRequest()).request).toBe("a/2");
    expect([a.reserved, a.released]).toEqual([0, 1]);
  });
});

test("promise 2: a permit is spent once", async () => {
  const { table, a } = tableOf("a", "b");
  for (const permit of [table.tryReady("a"), table.tryReady()]) {
    void permit?.call("a");
    await expect(permit?.call("a")).rejects.toSatisfy(isPermitSpentError);
    permit?.release();
  }
  expect([a.calls, a.released]).toEqual([2, 0]);
});

test("promise 5: who waits for a route and aborts leaves its line at once", async () => {
  const { table, a } = tableOf("a", "b");
  a.allow(0);
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = table.call("a", { signal: controller.signal });
  expect(a.waiting).toBe(1);
  controller.abort(reason);
  expect(a.waiting).toBe(0);
  await expect(waiting).rejects.toBe(reason);
});

test("promise 6: a limit inside a route and one outside the table hold until the work is over", async () => {
  const [outer, inner] = [new Semaphore(2), new Semaphore(1)];
  let finish = (): void => {};
  const work = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const route: Route = new ServiceBuilder()
    .layer(gate(inner, { name: "inner" }))
    .serviceFn((request: string, { waitUntil }) => {
      waitUntil?.(work);
      return request;
    });
  const service = new ServiceBuilder()
    .layer(gate(outer, { name: "outer" }))
    .service(routingTable({ key: (request: string) => request, routes: new Map([["a", route]]) }));
  expect(await service.call("a")).toBe("a");
  expect([outer.active, inner.active]).toEqual([1, 1]);
  finish();
  await turn();
  expect([outer.active, inner.active]).toEqual([0, 0]);
});

test("promise 8: work that waited runs in the context of the caller who asked", async () => {
  const storage = new AsyncLocalStorage<string>();
  const semaphore = new Semaphore(0);
  const route = new ServiceBuilder()
    .layer(gate(semaphore, { name: "limit" }))
    .serviceFn((_request: string) => storage.getStore());
  const table = routingTable({ key: (request: string) => request, routes: new Map([["a", route]]) });
  const named = storage.run("named", () => table.call("a"));
  const blind = storage.run("blind", () => table.ready().then((permit) => permit.call("a")));
  storage.run("another", () => {
    semaphore.max = 1;
  });
  expect(await Promise.all([named, blind])).toEqual(["named", "blind"]);
});

test("promise 11: the answer is the very promise of the route, and the work starts in the caller's turn", async () => {
  const answers = [Promise.resolve("a"), Promise.resolve("b")];
  const routes = new Map<string, Route>([
    ["a", serviceFn(() => answers[0] as Promise<string>)],
    ["b", serviceFn(() => answers[1] as Promise<string>)],
  ]);
  const table = routingTable({ key: (request) => request, routes });
  expect(table.call("a")).toBe(answers[0]);
  expect(table.tryReady("a")?.call("b")).toBe(answers[1]);
  expect(table.tryReady()?.call("b")).toBe(answers[1]);
  expect(await hops(table.ready({ request: "a" }))).toBe(0);
  expect(await hops(table.ready())).toBe(0);
});

test("promise 11: a failure that nobody handles is reported, once", async () => {
  const error = new Error("ignored");
  const route: Route = new ServiceBuilder()
    .layer(gate(new Semaphore(9), { name: "limit" }))
    .serviceFn((_request: string) => Promise.reject(error));
  const { table, routes } = tableOf("other");
  routes.set("a", route);
  expect(await unhandledIn(() => void table.call("a"))).toEqual([error]);
  expect(await unhandledIn(() => void table.tryReady()?.call("a"))).toEqual([error]);
  expect(await unhandledIn(() => void table.tryReady("other")?.call("a"))).toEqual([error]);
  expect(await unhandledIn(() => table.call("a").catch(() => {}))).toEqual([]);
});

test("a table may stand in a table", async () => {
  const inner = limited("deep", 1);
  const numbers = routingTable({ key: (request: string) => request.at(-1), routes: new Map([["1", inner.service]]) });
  const letters = routingTable({ key: (request: string) => request.at(0), routes: new Map([["a", numbers]]) });
  expect(await letters.call("a1")).toBe("deep: a1");
  const permit = letters.tryReady();
  expect(inner.semaphore.active).toBe(1);
  expect(await permit?.call("a1")).toBe("deep: a1");
  await expect(letters.tryReady("a1")?.call("a2")).rejects.toMatchObject({ key: "2" });
  expect(inner.semaphore.active).toBe(0);
});

test("the error says what it is", () => {
  const error = new RouteNotFoundError(7);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "RouteNotFoundError", code: "ERR_SLUICE_ROUTE_NOT_FOUND", key: 7 });
  expect(error.message).toMatch(/no route/);
  expect([isRouteNotFoundError(error), isRouteNotFoundError(new Error()), isRouteNotFoundError(null)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("promise 14: bad options are refused", () => {
  const key = (request: string): string => request;
  const routes = new Map<string, Route>();
  expect(() => routingTable({ routes } as never)).toThrow(
    new TypeError("routingTable: key must be a function; received undefined"),
  );
  expect(() => routingTable({ key, routes: {} } as never)).toThrow(
    new TypeError("routingTable: routes must be a map (with get, values); received an object"),
  );
  expect(() => routingTable({ key, routes, notFound: 404 } as never)).toThrow(
    /^routingTable: notFound must be a service .* received 404$/,
  );
  expect(() => routingTable({ key, routes: new Map([["a", "b"]]) } as never)).toThrow(
    /^routingTable: each of routes must be a service .* received "b"$/,
  );
  const cause = new Error("out of order");
  const broken = {
    get: () => undefined,
    values: () => {
      throw cause;
    },
  };
  expect(() => routingTable({ key, routes: broken } as never)).toThrow(
    new TypeError("routingTable: routes must be a map of services; received an object", { cause }),
  );
  expect(() => routingTable(undefined as never)).toThrow(TypeError);
  expect(() => routingTable(null as never)).toThrow(
    new TypeError("routingTable: options must be an object; received null"),
  );
});

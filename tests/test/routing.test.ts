import { buffer } from "@sluice/buffer";
import { type AnyLayer, isOverloadedError, type Service } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { mapRequest, recover } from "@sluice/util";
import { boxed, isRouteNotFoundError, routingTable, steer } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import { absorbing, deferring, eachLayer } from "./helper/each-layer.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";
import { Workshop } from "./helper/workshop.ts";

/** Two routes, by the first letter: one call at a time on `a`, two on `b`. */
function table(around: (clock: VirtualClock) => AnyLayer[] = () => []) {
  const clock = new VirtualClock();
  const workshop = new Workshop();
  const limits = { a: concurrencyLimit(1), b: concurrencyLimit(2) };
  const routes = new Map<string | undefined, Service<string, string>>([
    ["a", boxed(stacked([limits.a], workshop.service))],
    ["b", boxed(stacked([limits.b], workshop.service))],
  ]);
  const keys: string[] = [];
  const key = (request: string): string | undefined => {
    keys.push(request);
    return request[0];
  };
  const service = stacked(around(clock), routingTable({ key, routes }));
  return { clock, workshop, limits, routes, keys, service };
}

const transparent = Object.entries(eachLayer).filter(
  ([name]) => !absorbing.includes(name) && !deferring.includes(name),
);

describe.each(transparent)("promise 10: through %s", (_name, make) => {
  test("a named reservation takes its own route, and a full one blocks no other", async () => {
    const { service, limits, workshop } = table((clock) => [make(clock)]);
    const first = permitOf(service, "a1");
    expect([limits.a.active, limits.b.active]).toEqual([1, 0]);
    const second = service.call("a2");
    // A caller that waits inside for another route blocks no other caller.
    const other = service.call("b1");
    expect([limits.a.waiting, limits.b.active]).toEqual([1, 1]);
    expect(service.tryReady("a3")).toBeUndefined();
    permitOf(service, "b2").release();
    workshop.of("b1").finish();
    expect(await other).toBe("B1");
    first.release();
    await turn();
    workshop.of("a2").finish();
    expect(await second).toBe("A2");
    await turn();
    expect([limits.a.active, limits.b.active]).toEqual([0, 0]);
  });

  test("a blind reservation takes one of each, and gives the rest back at the call", async () => {
    const { service, limits, workshop } = table((clock) => [make(clock)]);
    const permit = permitOf(service);
    expect([limits.a.active, limits.b.active]).toEqual([1, 1]);
    const answer = permit.call("b1");
    expect([limits.a.active, limits.b.active]).toEqual([0, 1]);
    workshop.of("b1").finish();
    expect(await answer).toBe("B1");
  });

  test("a permit spent on another route is exchanged, once and without waiting", async () => {
    const { service, limits, workshop } = table((clock) => [make(clock)]);
    const answer = permitOf(service, "a1").call("b1");
    expect([limits.a.active, limits.b.active]).toEqual([0, 1]);
    workshop.of("b1").finish();
    expect(await answer).toBe("B1");
    const held = permitOf(service, "a1");
    const refused = permitOf(service, "b1").call("a2");
    await expect(refused).rejects.toSatisfy(isOverloadedError);
    await expect(refused).rejects.toHaveProperty("layer", "concurrencyLimit");
    expect([limits.a.active, limits.b.active, limits.a.waiting]).toEqual([1, 0, 0]);
    held.release();
  });
});

describe("promise 10: what asks on behalf of a request asks for that one", () => {
  test("loadShed sheds only the route that is full", async () => {
    const { service, workshop } = table(() => [loadShed()]);
    void service.call("a1");
    await expect(service.call("a2")).rejects.toSatisfy(isOverloadedError);
    const other = service.call("b1");
    workshop.of("b1").finish();
    expect(await other).toBe("B1");
  });

  test("retry asks for the route of the request that it sends", async () => {
    const policy = {
      decide: ({ number }: { readonly number: number }) =>
        number === 1 ? { delay: 0, request: "b-instead" } : undefined,
    };
    const { service, workshop, limits } = table((clock) => [retry(policy, { clock })]);
    const answer = service.call("a1");
    const full = permitOf(service, "b1");
    workshop.of("a1").fail(new Error("down"));
    await turn();
    expect([limits.a.active, limits.b.active]).toEqual([0, 2]);
    workshop.of("b-instead").finish();
    expect(await answer).toBe("B-INSTEAD");
    full.release();
  });

  test("a buffer is first in, first out across routes; inside the routes it is not", async () => {
    const outside = table(() => [buffer({ capacity: 5 })]);
    for (const request of ["a1", "a2", "b1"]) void outside.service.call(request);
    expect(outside.workshop.begun).toEqual(["a1"]);
    const { workshop } = outside;
    const inside = stacked(
      [],
      routingTable({
        key: (request: string) => request[0],
        routes: new Map(
          ["a", "b"].map((name) => [name, stacked([buffer({ capacity: 5 }), concurrencyLimit(1)], workshop.service)]),
        ),
      }),
    );
    workshop.begun.length = 0;
    for (const request of ["a3", "a4", "b2"]) void inside.call(request);
    expect(workshop.begun).toEqual(["a3", "b2"]);
  });

  test("a limit outside is held by those who wait inside, for another route as well", async () => {
    const outer = concurrencyLimit(2);
    const { service, limits } = table(() => [outer]);
    void service.call("a1");
    void service.call("a2");
    void service.call("b1");
    expect([outer.active, outer.waiting, limits.a.waiting, limits.b.active]).toEqual([2, 1, 1, 0]);
  });

  test("what is called is the value that was reserved for, however often it was mapped meanwhile", async () => {
    let mapped = 0;
    const { service, workshop, limits } = table(() => [mapRequest((request: string) => `${request}-${mapped++}`)]);
    const first = service.call("a");
    const second = service.call("a");
    expect(limits.a.waiting).toBe(1);
    workshop.running[0]?.finish();
    await turn();
    expect(limits.a.active).toBe(1);
    workshop.running[0]?.finish();
    const [one, two] = await Promise.all([first, second]);
    expect(workshop.begun.map((request) => request.toUpperCase())).toEqual([one, two]);
    expect(one).not.toBe(two);
  });

  test("the key is asked for once for each time that readiness is, and not for the call", async () => {
    const { service, keys, workshop } = table((clock) => [trace({ clock }), timeout({ call: 50, clock })]);
    const answer = service.call("a1");
    workshop.of("a1").finish();
    await answer;
    expect(keys).toEqual(["a1"]);
  });
});

describe("a table that is changed while it runs", () => {
  test("who waits stays with the service that was asked, and newcomers get the new one", async () => {
    const { service, routes, workshop, clock } = table((given) => [timeout({ ready: 500, clock: given })]);
    void service.call("a1");
    const waiting = service.call("a2");
    const renewed = new Workshop();
    routes.set("a", stacked([], renewed.service));
    const late = service.call("a3");
    renewed.of("a3").finish();
    expect(await late).toBe("A3");
    workshop.of("a1").finish();
    await turn();
    workshop.of("a2").finish();
    expect(await waiting).toBe("A2");
    routes.delete("a");
    await expect(service.call("a4")).rejects.toSatisfy(isRouteNotFoundError);
    expect(clock.pending).toBe(0);
  });

  test("a route that is slow, failing and full leaves the others as they were", async () => {
    const clock = new VirtualClock();
    const [bad, good] = [new Workshop(), new Workshop()];
    const route = (workshop: Workshop): Service<string, string> =>
      stacked(
        [
          loadShed(),
          buffer({ capacity: 1 }),
          retry(retryPolicy({ maxRetries: 1, backoff: exponentialBackoff({ base: 5, max: 5, jitter: "none" }) }), {
            clock,
          }),
          rateLimit({ limit: 50, interval: 1_000, clock }),
          concurrencyLimit(1),
          timeout({ call: 100, clock }),
        ],
        workshop.service,
      );
    const service = stacked(
      [recover(isOverloadedError, () => "busy")],
      routingTable({
        key: (request: string) => request[0],
        routes: new Map([
          ["a", route(bad)],
          ["b", route(good)],
        ]),
      }),
    );
    const ended: PromiseSettledResult<string>[] = [];
    for (let round = 0; round < 20; round++) {
      void Promise.allSettled([service.call("a")]).then(([each]) => ended.push(each));
      const other = service.call("b");
      good.running[0]?.finish();
      expect(await other).toBe("B");
      await clock.advanceAsync(20);
    }
    expect(bad.most).toBe(1);
    expect(ended.filter((each) => each.status === "fulfilled" && each.value === "busy").length).toBeGreaterThan(10);
  });

  test("steer spreads over stacks, each with limits of its own", async () => {
    const workshop = new Workshop();
    const limits = [concurrencyLimit(1), concurrencyLimit(1)];
    const service = steer(
      limits.map((limit) => stacked([limit], workshop.service)),
      (request, services) => Number(request) % services.length,
    );
    void service.call("0");
    void service.call("1");
    const third = service.call("2");
    expect([limits[0]?.waiting, limits[1]?.active]).toEqual([1, 1]);
    workshop.of("0").finish();
    await turn();
    workshop.of("2").finish();
    expect(await third).toBe("2");
  });
});

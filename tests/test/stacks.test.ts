import { buffer, type BufferClosedError } from "@sluice/buffer";
import { isPermitSpentError, OverloadedError, raises, ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit, Semaphore } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { mockService, VirtualClock } from "@sluice/testing";
import { timeout, TimeoutError } from "@sluice/timeout";
import { currentRequestId, trace } from "@sluice/trace";
import { filter, type FilteredError, mapRequest, mapResponse, recover } from "@sluice/util";
import { boxed, type BoxService, RouteNotFoundError, routingTable } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import { permitOf } from "./helper/stacked.ts";

describe("the chain of the contract", () => {
  const build = (max = 64, clock = new VirtualClock()) =>
    new ServiceBuilder()
      .layer(recover(OverloadedError, () => "busy" as const))
      .layer(loadShed())
      .layer(concurrencyLimit(max))
      .layer(timeout({ call: 100, clock }))
      .layer(mapRequest((name: string) => name.length));

  test("names its layers, outermost first", () => {
    expect(build().describe()).toEqual(["recover", "loadShed", "concurrencyLimit", "timeout", "mapRequest"]);
  });

  test("answers", async () => {
    const lookup = build().serviceFn(async (n: number) => n > 3);
    expect(await lookup.call("four")).toBe(true);
    expect(await lookup.call("one")).toBe(false);
  });

  test("is busy beyond its limit, and gives up in time", async () => {
    const clock = new VirtualClock();
    const [inner, handle] = mockService<number, boolean>();
    const lookup = build(1, clock).service(inner);
    const first = lookup.call("four");
    expect(await lookup.call("five")).toBe("busy");
    const { options } = await handle.nextRequest();
    void clock.advance(100);
    await expect(first).rejects.toBeInstanceOf(TimeoutError);
    expect(options.signal?.aborted).toBe(true);
    // The work goes on, and keeps its slot.
    expect(await lookup.call("five")).toBe("busy");
  });
});

interface Ask {
  readonly path: "/slow" | "/quick" | "/none";
}
class Flaky extends Error {
  readonly code = "FLAKY";
}

/** A gateway with every package in it, over two mock services. */
function gateway() {
  const clock = new VirtualClock();
  const [slow, slowHandle] = mockService<string, number, Flaky>();
  const [quick, quickHandle] = mockService<string, number>();
  const queue = buffer({ capacity: 2, clock });
  const slots = concurrencyLimit(1, { clock });
  const rate = rateLimit({ limit: 2, interval: 1_000, clock });
  const retries = retry(
    retryPolicy({
      maxRetries: 1,
      retryIf: ({ outcome }) => outcome.status === "rejected" && outcome.reason instanceof Flaky,
      backoff: exponentialBackoff({ base: 10, max: 10, jitter: "none" }),
    }),
    { clock },
  );
  const times = timeout({ call: 100, clock });
  const refusals = loadShed();
  const routes = new Map<
    string,
    BoxService<Ask, number, Flaky | TimeoutError | OverloadedError | BufferClosedError | FilteredError>
  >([
    [
      "/slow",
      boxed(
        new ServiceBuilder()
          .layer(queue)
          .layer(retries)
          .layer(slots)
          .layer(times)
          .layer(mapRequest(({ path }: Ask) => path))
          .service(slow),
      ),
    ],
    [
      "/quick",
      boxed(
        new ServiceBuilder()
          .layer(filter(({ path }: Ask) => path === "/quick"))
          .layer(rate)
          .layer(mapRequest(({ path }: Ask) => path))
          .service(quick),
      ),
    ],
  ]);
  const builder = new ServiceBuilder()
    .layer(trace({ generateId: () => "r1", clock }))
    .layer(recover(RouteNotFoundError, () => "404" as const))
    .layer(recover(TimeoutError, () => "504" as const))
    .layer(recover(OverloadedError, ({ layer, retryAfter }) => `503 ${layer} ${retryAfter}` as const))
    .layer(refusals)
    .layer(mapResponse((length: number) => `200 ${length}` as const));
  const service = builder.service(routingTable({ key: ({ path }) => path, routes }));
  return { clock, service, queue, slots, rate, retries, times, refusals, routes, slow: slowHandle, quick: quickHandle };
}

describe("a gateway of every layer over a routing table", () => {
  test("answers on both routes, and says what it does not have", async () => {
    const { service, slow, quick } = gateway();
    const answers = [service.call({ path: "/slow" }), service.call({ path: "/quick" })];
    (await slow.nextRequest()).respond(5);
    (await quick.nextRequest()).respond(6);
    expect(await Promise.all(answers)).toEqual(["200 5", "200 6"]);
    expect(await service.call({ path: "/none" })).toBe("404");
  });

  test("a route that is full is refused by the layer that is, and the other is not", async () => {
    const { service, slow, quick, queue, slots, refusals } = gateway();
    const accepted = [1, 2, 3].map(() => service.call({ path: "/slow" }));
    expect([slots.active, queue.queued]).toEqual([1, 2]);
    expect(await service.call({ path: "/slow" })).toBe("503 buffer undefined");
    expect(refusals.refused).toBe(1);
    const other = service.call({ path: "/quick" });
    (await quick.nextRequest()).respond(1);
    expect(await other).toBe("200 1");
    for (const each of accepted) {
      (await slow.nextRequest()).respond(2);
      expect(await each).toBe("200 2");
    }
    expect([slots.active, queue.queued, queue.running]).toEqual([0, 0, 0]);
  });

  test("a rate that is used up says when to come back", async () => {
    const { service, quick, rate, clock } = gateway();
    const first = [service.call({ path: "/quick" }), service.call({ path: "/quick" })];
    await clock.advance(300);
    expect(await service.call({ path: "/quick" })).toBe("503 rateLimit 700");
    for (const each of first) {
      (await quick.nextRequest()).respond(1);
      await each;
    }
    expect(rate.available).toBe(0);
    await clock.advance(700);
    expect(rate.available).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test("a failure is tried again, and in between the slot is somebody else's", async () => {
    const { service, slow, slots, retries, queue, clock } = gateway();
    const first = service.call({ path: "/slow" });
    const second = service.call({ path: "/slow" });
    (await slow.nextRequest()).fail(new Flaky());
    // The second had waited in the buffer for this slot.
    (await slow.nextRequest()).respond(2);
    expect(await second).toBe("200 2");
    expect([retries.waiting, slots.active, queue.running]).toEqual([1, 0, 1]);
    await clock.advance(10);
    (await slow.nextRequest()).respond(3);
    expect(await first).toBe("200 3");
    expect([retries.retries, queue.running, clock.pending]).toEqual([1, 0, 0]);
  });

  test("what hangs is given up on, and keeps its slot until it ends", async () => {
    const { service, slow, slots, times, clock } = gateway();
    const first = service.call({ path: "/slow" });
    const next = service.call({ path: "/slow" });
    const hung = await slow.nextRequest();
    await clock.advance(100);
    expect(await first).toBe("504");
    expect([slots.active, times.abandoned, slow.active]).toEqual([1, 1, 1]);
    hung.fail(hung.options.signal?.reason);
    (await slow.nextRequest()).respond(7);
    expect(await next).toBe("200 7");
    expect([slots.active, times.abandoned]).toEqual([0, 0]);
  });

  test("drains route by route while it runs", async () => {
    const { service, slow, queue, routes } = gateway();
    const accepted = [service.call({ path: "/slow" }), service.call({ path: "/slow" })];
    routes.delete("/slow");
    const drained = queue.drain();
    expect(await service.call({ path: "/slow" })).toBe("404");
    for (const each of accepted) {
      (await slow.nextRequest()).respond(1);
      expect(await each).toBe("200 1");
    }
    await drained;
  });

  test("every function below reads the id of its request", async () => {
    const seen: (string | undefined)[] = [];
    const service = new ServiceBuilder()
      .layer(trace({ generateId: () => "r1" }))
      .layer(loadShed())
      .layer(buffer({ capacity: 1 }))
      .layer(filter(() => seen.push(currentRequestId()) > 0))
      .layer(retry(retryPolicy({ maxRetries: 1, backoff: exponentialBackoff({ base: 0, max: 0 }) })))
      .layer(timeout(1_000))
      .serviceFn((name: string) => {
        seen.push(currentRequestId());
        if (seen.length < 3) throw new Flaky();
        return name;
      });
    expect(await service.call("x")).toBe("x");
    expect(seen).toEqual(["r1", "r1", "r1"]);
    expect(currentRequestId()).toBeUndefined();
  });
});

describe("promise 1: a permit is capacity all the way down", () => {
  test("each limit has one less, down to the first that absorbs readiness", async () => {
    const outer = concurrencyLimit(2);
    const rate = rateLimit({ limit: 3, interval: 1_000, clock: new VirtualClock() });
    const queue = buffer({ capacity: 4 });
    const inner = concurrencyLimit(5);
    const service = new ServiceBuilder()
      .layer(outer)
      .layer(timeout(100))
      .layer(rate)
      .layer(queue)
      .layer(inner)
      .serviceFn((name: string) => name);
    const free = () => [outer.available, rate.available, queue.available, inner.available];
    const permit = permitOf(service);
    expect(free()).toEqual([1, 2, 3, 5]);
    const second = permitOf(service);
    expect(free()).toEqual([0, 1, 2, 5]);
    // Out of capacity, with nothing in flight.
    expect(service.tryReady()).toBeUndefined();
    second.release();
    expect(free()).toEqual([1, 2, 3, 5]);
    expect(await permit.call("x")).toBe("x");
    expect(free()).toEqual([2, 2, 4, 5]);
  });

  test("a permit that was held for long is good all the same, whatever others do meanwhile", async () => {
    const clock = new VirtualClock();
    const service = new ServiceBuilder()
      .layer(timeout({ total: 50, clock }))
      .layer(rateLimit({ limit: 2, interval: 100, clock }))
      .layer(concurrencyLimit(2))
      .serviceFn((name: string) => name);
    const permit = permitOf(service);
    for (let round = 0; round < 5; round++) {
      expect(await service.call("other")).toBe("other");
      expect(service.tryReady()).toBeUndefined();
      await clock.advance(100);
    }
    expect(await permit.call("x")).toBe("x");
  });
});

describe("promises 2 and 7: spent once, never thrown at you", () => {
  test("a second call rejects, reaches nobody and costs nothing", async () => {
    const { service, quick, rate } = gateway();
    const permit = await service.ready({ request: { path: "/quick" } });
    const answer = permit.call({ path: "/quick" });
    await expect(permit.call({ path: "/quick" })).rejects.toSatisfy(isPermitSpentError);
    permit.release();
    (await quick.nextRequest()).respond(1);
    expect(await answer).toBe("200 1");
    expect([quick.calls, rate.available]).toEqual([1, 1]);
  });

  test("a handler, a key and a map that throw are rejections", async () => {
    const broken = new Error("broken");
    const boom = (): never => {
      throw broken;
    };
    const wrapped = new ServiceBuilder()
      .layer(timeout(100))
      .layer(concurrencyLimit(1))
      .layer(buffer({ capacity: 1 }));
    const table = routingTable({ key: boom, routes: new Map([["a", serviceFn((name: string) => name)]]) });
    for (const service of [
      wrapped.serviceFn((_name: string) => boom()),
      wrapped.layer(mapRequest((_name: string) => boom())).serviceFn(() => "never"),
      wrapped.service(table),
      new ServiceBuilder().layer(concurrencyLimit(1)).service(table),
    ]) {
      for (let round = 0; round < 3; round++) await expect(service.call("x")).rejects.toBe(broken);
    }
  });
});

test("a limit or a queue that stands in a stack twice is refused, whatever is in between", () => {
  const semaphore = new Semaphore(1);
  const inner = new ServiceBuilder()
    .layer(timeout(1))
    .layer(concurrencyLimit(semaphore))
    .serviceFn((n: number) => n);
  const again = new ServiceBuilder().layer(retry(retryPolicy({ maxRetries: 1 }))).layer(concurrencyLimit(semaphore));
  expect(() => again.service(inner)).toThrow(TypeError);
  const queue = buffer({ capacity: 1 });
  const nested = new ServiceBuilder().layer(queue).layer(loadShed()).layer(queue);
  expect(() => nested.service(serviceFn((n: number) => n, raises<Flaky>()))).toThrow(TypeError);
});

test("two services share a limit, and one builder makes both", async () => {
  const limit = concurrencyLimit(1);
  const builder = new ServiceBuilder().layer(loadShed()).layer(limit);
  const [inner, handle] = mockService<string, string>();
  const [one, two] = [builder.service(inner), builder.service(inner)];
  const first = one.call("a");
  await expect(two.call("b")).rejects.toBeInstanceOf(OverloadedError);
  (await handle.nextRequest()).respond("A");
  expect(await first).toBe("A");
  const second = two.call("b");
  (await handle.nextRequest()).respond("B");
  expect(await second).toBe("B");
});

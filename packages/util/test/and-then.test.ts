import { gate, type Lease, Semaphore, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { mockService } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { andThen, type AndThenOptions } from "../src/index.ts";
import { turn } from "@sluice/test-kit";

const two = (options?: AndThenOptions) => {
  const [first, firstHandle] = mockService<string, number>();
  const [second, secondHandle] = mockService<number, string>();
  const outer = new Semaphore(9);
  const service = new ServiceBuilder()
    .layer(gate(outer, { name: "outer" }))
    .layer(andThen(second, options))
    .service(first);
  return { service, first: firstHandle, second: secondHandle, outer };
};
const limited = (max: number): readonly [Semaphore, Service<unknown, unknown, never>] => {
  const semaphore = new Semaphore(max);
  const service = new ServiceBuilder()
    .layer(gate(semaphore, { name: "limit" }))
    .serviceFn((request: unknown): unknown => request);
  return [semaphore, service];
};

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

describe.each<AndThenOptions["reserve"]>(["both", "late"])("reserve: %s", (reserve) => {
  test("the second is asked with the first's response, and its response is the answer", async () => {
    const { service, first, second, outer } = two({ reserve });
    const answer = service.call("a");
    const asked = await first.nextRequest();
    expect(asked.request).toBe("a");
    second.expectNoRequest();
    asked.respond(1);
    const then = await second.nextRequest();
    expect(then.request).toBe(1);
    expect(outer.active).toBe(1);
    then.respond("b");
    expect(await answer).toBe("b");
    await turn();
    expect([first.reserved, second.reserved, outer.active]).toEqual([0, 0, 0]);
  });

  test("promise 3: when the first fails the second is not asked, and holds nothing", async () => {
    const { service, first, second, outer } = two({ reserve });
    const error = new Error("first");
    const answer = service.call("a");
    (await first.nextRequest()).fail(error);
    await expect(answer).rejects.toBe(error);
    expect([second.calls, second.reserved, outer.active]).toEqual([0, 0, 0]);
  });

  test("a failure of the second is the failure", async () => {
    const { service, first, second } = two({ reserve });
    const error = new Error("second");
    const answer = service.call("a");
    (await first.nextRequest()).respond(1);
    (await second.nextRequest()).fail(error);
    await expect(answer).rejects.toBe(error);
  });

  test("promise 5: who aborts while the first is at work does not reach the second", async () => {
    const { service, first, second, outer } = two({ reserve });
    const controller = new AbortController();
    const reason = new Error("enough");
    const answer = service.call("a", { signal: controller.signal });
    const { respond } = await first.nextRequest();
    controller.abort(reason);
    await turn();
    expect(outer.active).toBe(1);
    respond(1);
    await expect(answer).rejects.toBe(reason);
    expect([second.calls, second.reserved, outer.active]).toEqual([0, 0, 0]);
  });

  test("both are given the options", async () => {
    const { service, first, second } = two({ reserve });
    const { signal } = new AbortController();
    void service.call("a", { signal, deadline: 7 });
    const asked = await first.nextRequest();
    asked.respond(1);
    for (const { options } of [asked, await second.nextRequest()]) {
      expect(options).toMatchObject({ signal, deadline: 7 });
    }
  });
});

describe("reserve: both", () => {
  test("is the default", async () => {
    const { service, first, second } = two();
    const permit = service.tryReady("a");
    expect([first.reserved, second.reserved]).toEqual([1, 1]);
    permit?.release();
    expect([first.released, second.released]).toEqual([1, 1]);
  });

  test("promise 9: taken in order, and given back in reverse", () => {
    const log: string[] = [];
    const service = new ServiceBuilder().layer(andThen(logged("second", log))).service(logged("first", log));
    service.tryReady()?.release();
    expect(log).toEqual(["first in", "second in", "second back", "first back"]);
  });

  test("promise 9: where the second is full nothing of the first is kept", async () => {
    const { service, first, second, outer } = two();
    second.allow(0);
    expect(service.tryReady("a")).toBeUndefined();
    expect([first.reserved, first.released, outer.active]).toEqual([0, 1, 0]);
  });

  test("promise 9: where the second's readiness fails nothing of the first is kept", async () => {
    const { service, first, second, outer } = two();
    const error = new Error("closed");
    second.sendFailure(error);
    expect(() => service.tryReady("a")).toThrow(error);
    second.allow(0);
    const waiting = service.ready();
    expect(first.reserved).toBe(1);
    second.sendFailure(error);
    await expect(waiting).rejects.toBe(error);
    expect([first.reserved, second.reserved, outer.active]).toEqual([0, 0, 0]);
  });

  test("promise 5: who waits for the second and aborts gives the first back", async () => {
    const { service, first, second, outer } = two();
    second.allow(0);
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = service.call("a", { signal: controller.signal });
    expect([first.reserved, second.waiting]).toEqual([1, 1]);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect([first.reserved, second.waiting, outer.active]).toEqual([0, 0, 0]);
  });

  test("promise 1: once granted, a call never waits half-way", async () => {
    const { service, first, second } = two();
    second.allow(1);
    const answer = service.call("a");
    expect(second.allowed).toBe(0);
    (await first.nextRequest()).respond(1);
    (await second.nextRequest()).respond("b");
    expect(await answer).toBe("b");
  });

  test("two stacks that reserve each other in opposite order deadlock, as is said", async () => {
    const [a, serviceA] = limited(1);
    const [b, serviceB] = limited(1);
    // Each holds its first before it asks for its second.
    const [holdA, holdB] = [await serviceA.ready(), await serviceB.ready()];
    const ab = new ServiceBuilder().layer(andThen(serviceB)).service(serviceA);
    const ba = new ServiceBuilder().layer(andThen(serviceA)).service(serviceB);
    const controller = new AbortController();
    const calls = [ab, ba].map((service) => service.call(1, { signal: controller.signal }));
    holdA.release();
    holdB.release();
    await turn();
    expect([a.active, a.waiting, b.active, b.waiting]).toEqual([1, 1, 1, 1]);
    controller.abort();
    await Promise.allSettled(calls);
    expect([a.active, a.waiting, b.active, b.waiting]).toEqual([0, 0, 0, 0]);
  });
});

describe("reserve: late", () => {
  test("reserves the second when the first has answered, waiting for it", async () => {
    const { service, first, second } = two({ reserve: "late" });
    second.allow(0);
    const answer = service.call("a");
    (await first.nextRequest()).respond(1);
    await turn();
    expect([first.active, second.waiting]).toEqual([0, 1]);
    second.allow(1);
    (await second.nextRequest()).respond("b");
    expect(await answer).toBe("b");
  });

  test("a failure of the second's readiness is that of the call", async () => {
    const { service, first, second } = two({ reserve: "late" });
    const error = new Error("closed");
    const answer = service.call("a");
    second.sendFailure(error);
    (await first.nextRequest()).respond(1);
    await expect(answer).rejects.toBe(error);
  });

  test("two stacks that reserve each other in opposite order both end", async () => {
    const [, serviceA] = limited(1);
    const [, serviceB] = limited(1);
    const ab = new ServiceBuilder().layer(andThen(serviceB, { reserve: "late" })).service(serviceA);
    const ba = new ServiceBuilder().layer(andThen(serviceA, { reserve: "late" })).service(serviceB);
    expect(await Promise.all([ab.call(1), ba.call(2), ab.call(3)])).toEqual([1, 2, 3]);
  });
});

test("promise 1: never more of either at work than its limit, and all comes back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom("both" as const, "late" as const),
      fc.scheduler(),
      async (maxFirst, maxSecond, reserve, scheduler) => {
        const stage = (max: number) => {
          const semaphore = new Semaphore(max);
          let running = 0;
          const service = new ServiceBuilder().layer(gate(semaphore, { name: "limit" })).service(
            serviceFn(async (n: number) => {
              expect(++running).toBeLessThanOrEqual(max);
              await scheduler.schedule(Promise.resolve());
              running--;
              return n;
            }),
          );
          return { semaphore, service };
        };
        const [first, second] = [stage(maxFirst), stage(maxSecond)];
        const service = new ServiceBuilder().layer(andThen(second.service, { reserve })).service(first.service);
        const calls = [1, 2, 3, 4, 5].map((n) => service.call(n));
        await scheduler.waitFor(Promise.all(calls));
        expect(await Promise.all(calls)).toEqual([1, 2, 3, 4, 5]);
        expect([first.semaphore.active, second.semaphore.active]).toEqual([0, 0]);
      },
    ),
    { numRuns: 100 },
  );
});

test("promise 14: bad options are refused", () => {
  const second = serviceFn(() => 1);
  expect(() => andThen({} as never)).toThrow(/^andThen: second must be a service .* received an object$/);
  expect(() => andThen(second, { reserve: "early" as never })).toThrow(
    new RangeError('andThen: reserve must be one of "both", "late"; received "early"'),
  );
  expect(() => andThen(second, { reserve: 1 as never })).toThrow(TypeError);
  expect(() => andThen(second, "late" as never)).toThrow(TypeError);
});

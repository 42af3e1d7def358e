import { AsyncLocalStorage } from "node:async_hooks";
import {
  gate,
  isOverloadedError,
  isRefusal,
  OverloadedError,
  Semaphore,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Debt } from "../src/debt.ts";
import { Throttle, throttle, type ThrottleOptions } from "../src/index.ts";

const draws = { seed: 20_261_128, numRuns: 200 };

/** A throttle in front of a service that answers as the test says. */
function setUp(options: ThrottleOptions<string, string> = {}) {
  const clock = new VirtualClock();
  const layer = throttle<string, string>({ minimumPerSecond: 0, window: 10_000, clock, ...options });
  const [inner, handle] = mockService<string, string>();
  const service = new ServiceBuilder().layer(layer).service(inner);
  /** A call that gets through, and how it ends. */
  const call = async (end: "ok" | Error, signal?: AbortSignal): Promise<void> => {
    const answer = service.call("x", { signal }).catch(() => {});
    const { respond, fail } = await handle.nextRequest();
    if (end === "ok") respond(end);
    else fail(end);
    await answer;
  };
  const busy = (): Error => new OverloadedError("backend");
  return { clock, layer, service, handle, call, busy };
}

/** One that has seen `accepted` and `refused` answers of the other side. */
async function seasoned(accepted: number, refused: number, options: ThrottleOptions<string, string> = {}) {
  const clock = new VirtualClock();
  const layer = throttle<string, string>({ minimumPerSecond: 0, window: 10_000, clock, ...options });
  // With k out of reach nothing was refused meanwhile.
  const permits = Array.from({ length: accepted + refused }, () =>
    layer
      .wrap(
        serviceFn((end: string) => {
          if (end === "busy") throw new OverloadedError("backend");
          return end;
        }),
      )
      .tryReady("x"),
  );
  for (const [nth, permit] of permits.entries()) await permit?.call(nth < accepted ? "ok" : "busy").catch(() => {});
  const [inner, handle] = mockService<string, string>();
  return { clock, layer, service: layer.wrap(inner), handle };
}

describe("what is counted", () => {
  test("answers count, failures too; the other side's refusals are requests that it did not accept", async () => {
    const { layer, call, busy } = setUp();
    await call("ok");
    await call(new Error("not found"));
    await call(busy());
    expect(layer).toMatchObject({ requests: 3, accepts: 2, refused: 0, active: 0 });
  });

  test("the share is (requests - k * accepts) / (requests + 1), at most `max`", async () => {
    const { layer } = await seasoned(10, 30);
    expect(layer.probability).toBeCloseTo((40 - 2 * 10) / 41, 12);
    const { layer: all } = await seasoned(0, 100, { max: 0.8 });
    expect(all.probability).toBe(0.8);
    const { layer: none } = await seasoned(20, 20);
    expect(none.probability).toBe(0);
  });

  test("what was refused here is a request, too", async () => {
    const { layer, service } = await seasoned(0, 100);
    const before = layer.requests;
    for (let asked = 0; asked < 10 && layer.refused === 0; asked++) {
      try {
        service.tryReady("x")?.release();
        // Given back, it owes nothing: only those who are held add up.
        service.tryReady("x");
      } catch {
        // That was it.
      }
    }
    expect(layer.requests).toBe(before + 1);
  });

  test("all is forgotten after the window", async () => {
    const { layer, clock } = await seasoned(0, 100);
    expect(layer.probability).toBeGreaterThan(0.8);
    await clock.advance(10_000);
    expect(layer).toMatchObject({ requests: 0, accepts: 0, probability: 0 });
  });

  test("with fewer than `minimumPerSecond` nothing is refused: few requests and a few failures are no overload", async () => {
    const { layer, service } = await seasoned(0, 19, { minimumPerSecond: 2 });
    expect(layer.probability).toBe(0);
    for (let nth = 0; nth < 100; nth++) service.tryReady("x");
    expect(layer.refused).toBe(0);
    expect((await seasoned(0, 20, { minimumPerSecond: 2 })).layer.probability).toBeGreaterThan(0);
  });

  test("by default it is one a second, over 30 s", async () => {
    const few = (await seasoned(0, 29, { window: undefined, minimumPerSecond: undefined })).layer;
    const enough = (await seasoned(0, 30, { window: undefined, minimumPerSecond: undefined })).layer;
    expect([few.probability, enough.probability]).toEqual([0, 0.9]);
  });
});

describe("promise 1: of any n who ask at a constant p, ⌊n p⌋ or ⌈n p⌉ are refused", () => {
  test("whatever n and p", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.99, noNaN: true }), fc.integer({ min: 1, max: 2_000 }), (share, asks) => {
        const debt = new Debt();
        const times: number[] = [0];
        for (let nth = 0; nth < asks; nth++) times.push(times.at(-1)! + Number(debt.ask(share)));
        // Of any n one after the other, wherever they begin.
        for (const begin of [0, Math.floor(asks / 3), Math.floor(asks / 2)]) {
          const n = asks - begin;
          const refused = times[asks]! - times[begin]!;
          expect(refused).toBeGreaterThanOrEqual(Math.floor(n * share - 1e-6));
          expect(refused).toBeLessThanOrEqual(Math.ceil(n * share + 1e-6));
        }
      }),
      draws,
    );
  });

  test.each([
    [0.1, 10, 1],
    [0.7, 10, 7],
    [0.9, 1_000, 900],
  ])("%d of %d is %d, whatever floating point makes of the sum", (share, asks, refused) => {
    const debt = new Debt();
    expect(Array.from({ length: asks }, () => debt.ask(share)).filter(Boolean)).toHaveLength(refused);
  });
});

describe("promise 2: who waits further in is refused no oftener", () => {
  test("although a call that waits asks twice in one turn", async () => {
    const refusedOf = async (room: number): Promise<number> => {
      // The share is 0.4 and stays so: what is refused here only adds to it.
      const { layer } = await seasoned(10, 30, { max: 0.4 });
      const slots = new Semaphore(room);
      const service = new ServiceBuilder()
        .layer(layer)
        .layer(gate(slots, { name: "slots" }))
        .serviceFn(() => new Promise<string>(() => {}));
      for (let nth = 0; nth < 20; nth++) service.call("x").catch(() => {});
      await Promise.resolve();
      return layer.refused;
    };
    expect(await refusedOf(0)).toBe(await refusedOf(100));
  });
});

test("promise 3: a permit given back leaves no trace", async () => {
  const { layer, service } = await seasoned(10, 30);
  const before = JSON.stringify(layer);
  for (let nth = 0; nth < 1_000; nth++) service.tryReady("x")?.release();
  expect(JSON.stringify(layer)).toBe(before);
  expect(layer.refused).toBe(0);
});

test("promise 3: … also one that was held until all that it was reserved at is forgotten", async () => {
  const { clock, layer, service, handle } = await seasoned(0, 100);
  const held = service.tryReady("x");
  await clock.advance(10_000);
  // Nothing is counted now, and so they owe nothing.
  const answers = ["a", "b", "c"].map((request) => service.call(request).catch(() => {}));
  for (const answer of answers) {
    (await handle.nextRequest()).fail(new OverloadedError("backend"));
    await answer;
  }
  held?.release();
  expect(layer.probability).toBe(0.75);
  service.tryReady("x");
  expect(() => service.tryReady("x")).toThrow(OverloadedError);
});

test("promise 4: always lets some through, so that recovery is seen", async () => {
  const { layer, service } = await seasoned(0, 1_000);
  let passed = 0;
  for (let nth = 0; nth < 100; nth++) {
    try {
      if (service.tryReady("x") !== undefined) passed++;
    } catch (error) {
      if (!isOverloadedError(error)) throw error;
    }
  }
  expect(layer.probability).toBe(0.9);
  expect([passed, layer.refused]).toEqual([10, 90]);
});

test("promise 5: the refusal names the throttle, and no time: it is a share", async () => {
  const { service } = await seasoned(0, 100, { label: "search" });
  service.tryReady("x");
  const error: unknown = await service.call("x").catch((reason: unknown) => reason);
  expect(isRefusal(error)).toBe(true);
  expect(error).toMatchObject({ layer: "throttle", label: "search", reason: "capacity", retryAfter: undefined });
});

describe("with random", () => {
  test("a call is refused when it begins, by one throw of the dice", async () => {
    const thrown: number[] = [];
    const dice = [0.3, 0.7, 0.49];
    let counting = false;
    const { layer, service, handle } = await seasoned(10, 30, {
      random() {
        if (!counting) return 0.99;
        thrown.push(0);
        return dice.shift()!;
      },
    });
    counting = true;
    const permits = ["a", "b"].map(() => service.tryReady("x"));
    expect(thrown).toHaveLength(0);
    await expect(permits[0]?.call("x")).rejects.toMatchObject({ layer: "throttle" });
    void permits[1]?.call("x");
    await handle.nextRequest();
    await expect(service.call("x")).rejects.toSatisfy(isOverloadedError);
    expect([thrown.length, layer.refused, layer.active, handle.reserved]).toEqual([3, 2, 1, 0]);
  });

  test("nobody is refused a reservation: the dice are thrown when calls begin", async () => {
    const { layer, service } = await seasoned(0, 100, { random: () => 0.99 });
    const { refused } = layer;
    for (let nth = 0; nth < 20; nth++) expect(service.tryReady("x")).toBeDefined();
    expect(layer.refused).toBe(refused);
  });

  test("a die of 0 refuses nobody as long as nothing is to be refused", async () => {
    const { layer, service, handle } = await seasoned(20, 20, { random: () => 0 });
    expect(layer.probability).toBe(0);
    void service.call("x");
    expect((await handle.nextRequest()).request).toBe("x");
  });

  test("a permit that was held is thrown for at the share of the moment in which its call begins", async () => {
    const { clock, layer, service, handle } = await seasoned(0, 40, { random: () => 0.5 });
    const held = service.tryReady("x");
    const { refused } = layer;
    expect(layer.probability).toBe(0.9);
    await clock.advance(10_000);
    // All is forgotten by now: nothing says that the other side would refuse.
    expect(layer.probability).toBe(0);
    void held?.call("x");
    expect((await handle.nextRequest()).request).toBe("x");
    expect(layer.refused).toBe(refused);
  });

  test("what it throws is the failure of the call, and nothing is held", async () => {
    const { layer, service, handle } = await seasoned(10, 30, {
      random() {
        throw new Error("no dice");
      },
    });
    const { refused, requests } = layer;
    await expect(service.call("x")).rejects.toThrow("no dice");
    expect([layer.active, handle.reserved, layer.refused, layer.requests]).toEqual([0, 0, refused, requests]);
  });

  test.each([Number.NaN, undefined, "x"])("with %s it refuses nothing", async (odd) => {
    const { service, handle } = await seasoned(10, 30, { random: () => odd as number });
    void service.call("x");
    expect((await handle.nextRequest()).request).toBe("x");
  });
});

describe("classify", () => {
  test("says what an answer is, and is told of the request and whether the caller gave up", async () => {
    const seen: unknown[] = [];
    const { clock, layer, handle, service } = setUp({
      classify(outcome, call) {
        seen.push(call);
        return outcome.status === "fulfilled" && outcome.value === "503" ? "refused" : undefined;
      },
    });
    const controller = new AbortController();
    await clock.advance(30);
    const answer = service.call("x", { signal: controller.signal });
    controller.abort();
    await clock.advance(70);
    (await handle.nextRequest()).respond("503");
    await answer;
    expect(seen).toEqual([{ request: "x", elapsed: 70, aborted: true }]);
    expect(layer).toMatchObject({ requests: 1, accepts: 0 });
  });

  test("may leave an answer out", async () => {
    const { layer, call } = setUp({ classify: () => "ignore" });
    await call("ok");
    expect(layer.requests).toBe(0);
  });

  test.each([
    [
      "throws",
      (): never => {
        throw new Error("no verdict");
      },
    ],
    ["answers with text", () => "fine"],
    ["answers with null", () => null],
    ["answers with a promise", () => Promise.resolve("accepted")],
  ])("where it %s, that is reported, and the default counts", async (_name, classify) => {
    const reported = await unhandledIn(async () => {
      const { layer, call } = setUp({ classify: classify as never });
      await call("ok");
      expect(layer).toMatchObject({ requests: 1, accepts: 1 });
    });
    expect(reported).toHaveLength(1);
  });

  test("the report of an odd answer says which layer got it, what there is to answer, and what came", async () => {
    const [reported] = await unhandledIn(async () => {
      await setUp({ classify: () => "fine" as never }).call("ok");
    });
    expect(String(reported)).toBe(
      'RangeError: throttle: what classify returns must be one of "accepted", "refused", "ignore"; received "fine"',
    );
  });

  test("runs in the async context of its caller", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { handle, service } = setUp({
      classify() {
        seen.push(storage.getStore());
        return undefined;
      },
    });
    const answer = storage.run("ann", () => service.call("x"));
    const { respond } = await handle.nextRequest();
    storage.run("bob", () => respond("ok"));
    await answer;
    expect(seen).toEqual(["ann"]);
  });
});

test("a call whose caller gave up says nothing of the other side, unless it was refused or answered", async () => {
  const { layer, call, busy } = setUp();
  const aborted = (): AbortSignal => {
    const controller = new AbortController();
    queueMicrotask(() => {
      controller.abort();
    });
    return controller.signal;
  };
  await call(new Error("left"), aborted());
  expect(layer.requests).toBe(0);
  await call(busy(), aborted());
  await call("ok", aborted());
  expect(layer).toMatchObject({ requests: 2, accepts: 1 });
});

describe("as a gate", () => {
  test("nobody waits in it: acquire answers at once, or refuses", async () => {
    const policy = new Throttle();
    const lease = await policy.acquire();
    expect(policy.active).toBe(1);
    lease.cancel();
    lease.cancel();
    expect(policy.active).toBe(0);
    const reason = new Error("enough");
    await expect(policy.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("a lease ends once, whatever its holder says afterwards", async () => {
    const policy = new Throttle();
    const lease = await policy.acquire();
    lease.start?.("x", {});
    lease.answered?.({ status: "fulfilled", value: "ok" });
    lease.finish({ status: "fulfilled", value: "ok" });
    lease.cancel();
    expect([policy.requests, policy.active]).toEqual([1, 0]);
  });

  test("a lease whose holder never says that it starts knows nothing of the call before it", async () => {
    const policy = new Throttle();
    const failed = { status: "rejected", reason: new Error("left") } as const;
    const left = policy.tryAcquire();
    left.start?.("x", { signal: AbortSignal.abort() });
    left.finish(failed);
    expect(policy.requests).toBe(0);
    policy.tryAcquire().finish(failed);
    expect(policy).toMatchObject({ requests: 1, accepts: 1 });
  });

  test("its errors call it by its own name", () => {
    expect(() => new Throttle({ k: 1 })).toThrow(/^Throttle: k must be a number of 1\.1 or more; received 1$/);
    expect(() => throttle({ k: 1 })).toThrow(/^throttle: k /);
  });

  test("it may be forgotten when nobody holds a permit and nothing was counted of late; then it owes nothing", async () => {
    const clock = new VirtualClock();
    const policy = new Throttle({ window: 1_000, minimumPerSecond: 0, k: 1.1, clock });
    expect(policy.idle).toBe(true);
    const leases = await Promise.all([policy.acquire(), policy.acquire()]);
    expect(policy.idle).toBe(false);
    for (const lease of leases) lease.finish({ status: "rejected", reason: new OverloadedError() });
    // Two thirds of one are owed.
    const third = await policy.acquire();
    third.finish({ status: "rejected", reason: new OverloadedError() });
    expect(policy.idle).toBe(false);
    await clock.advance(1_000);
    expect(policy.idle).toBe(true);
    const again = await Promise.all([policy.acquire(), policy.acquire()]);
    for (const lease of again) lease.finish({ status: "rejected", reason: new OverloadedError() });
    expect(policy.refused).toBe(0);
    (await policy.acquire()).cancel();
  });

  test("one layer counts for all the services that it wraps", async () => {
    const layer = throttle({ minimumPerSecond: 0 });
    const [a, b] = [layer.wrap(serviceFn(() => "a")), layer.wrap(serviceFn(() => "b"))];
    await Promise.all([a.call("x"), b.call("x")]);
    expect(layer.requests).toBe(2);
  });

  test("it arms no timer, and says of itself what it was made with", async () => {
    const { clock, layer, call, busy } = setUp({ label: "search" });
    for (let nth = 0; nth < 10; nth++) await call(nth % 2 === 0 ? "ok" : busy());
    expect(clock.pending).toBe(0);
    expect(layer.about).toEqual({
      label: "search",
      facts: { k: 2, window: 10_000, minimumPerSecond: 0, max: 0.9 },
    });
    const counters = { requests: 10, accepts: 5, probability: 0, active: 0, refused: 0 };
    expect(JSON.parse(JSON.stringify(layer))).toEqual({ name: "throttle", label: "search", ...counters });
    expect(JSON.parse(JSON.stringify(new Throttle({ clock })))).toEqual({ ...counters, requests: 0, accepts: 0 });
  });
});

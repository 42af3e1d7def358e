import { events, isOverloadedError, isRefusal, type LayerEvent, ServiceBuilder } from "@sluice/core";
import { unhandledIn, watch } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import {
  isStoreDownError,
  sharedRateLimit,
  type SharedRateLimitOptions,
  type StoreDownError,
} from "../../src/index.ts";
import { RateFleet } from "../helper/rate-fleet.ts";
import { type Behaviour, down, RemoteStore } from "../helper/remote-store.ts";

const ignore = (): void => {};

function one(options: Partial<SharedRateLimitOptions> = {}) {
  const clock = new VirtualClock();
  const store = new RemoteStore(clock);
  const layer = sharedRateLimit({ store, key: "k", limit: 10, interval: 1_000, clock, label: "db", ...options });
  const [inner, handle] = mockService<string, number>();
  const service = new ServiceBuilder().layer(layer).service(inner);
  /** What the layer has let in of `calls` that come now. */
  const letIn = async (calls: number): Promise<number> => {
    const before = handle.calls;
    for (let call = 0; call < calls; call++) service.call("a").catch(ignore);
    await clock.advance(0);
    return handle.calls - before;
  };
  return { clock, store, layer, handle, service, letIn };
}

/** Brings the store down, for a member that has found out. */
async function brokenDown(options: Partial<SharedRateLimitOptions>) {
  const made = one(options);
  made.store.behaviour = "rejects";
  await made.layer.warm();
  expect(made.layer.state).toBe("down");
  return made;
}

describe("promise 12: a store that does not answer", () => {
  test("delays a caller by `timeout`, once; after that answers are immediate", async () => {
    const { clock, store, service, layer } = one({ outage: "refuse", hold: 1_000, timeout: 200 });
    store.behaviour = "hangs";
    const first = watch(service.call("a"));
    const second = watch(service.call("b"));
    await clock.advanceAsync(199);
    expect([first()[0], second()[0]]).toEqual(["pending", "pending"]);
    await clock.advanceAsync(1);
    const [state, error] = first();
    expect([state, second()[0], layer.waiting]).toEqual(["broken", "broken", 0]);
    expect(isStoreDownError(error) && isRefusal(error)).toBe(true);
    expect(error).toMatchObject({
      layer: "sharedRateLimit",
      label: "db",
      reason: "store",
      retryAfter: expect.any(Number),
    });
    expect(String((error as Error).cause)).toContain("200 ms");
    // While it is probed, which hangs as well, nobody waits.
    for (let again = 0; again < 20; again++) {
      await expect(service.call("c")).rejects.toSatisfy(isStoreDownError);
      expect(() => service.tryReady("c")).toThrow("Refused: the store of a shared limit cannot be reached.");
      await clock.advanceAsync(50);
    }
  });

  test.each<Behaviour>(["rejects", "throws"])(
    "where it %s, callers are told at once, with what it said",
    async (how) => {
      const { clock, store, service } = one({ outage: "refuse" });
      store.behaviour = how;
      const call = watch(service.call("a"));
      await clock.advance(0);
      const [state, error] = call();
      expect(state).toBe("broken");
      expect((error as Error).cause).toBe(down);
    },
  );

  test("it is asked one question at a time, after pauses that grow to a second, and only where somebody asks", async () => {
    const { clock, store, service } = await brokenDown({ outage: "refuse", timeout: 50 });
    const times: number[] = [];
    let asked = store.takes.length;
    for (let ms = 0; ms < 60_000; ms += 10) {
      service.call("a").catch(ignore);
      await clock.advanceAsync(10);
      if (store.takes.length > asked) times.push(clock.now());
      asked = store.takes.length;
    }
    const pauses = times.slice(1).map((time, nth) => time - times[nth]!);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1_010);
    expect(Math.max(...pauses)).toBeGreaterThan(490);
    expect(pauses.length).toBeLessThan(130);
    expect(times[0]).toBeLessThanOrEqual(110);
    await clock.advanceAsync(60_000);
    expect([store.takes.length, clock.pending]).toEqual([asked, 0]);
  });

  test("errors say when it is asked again, at the earliest: at once, where that is over", async () => {
    const { clock, service } = await brokenDown({ outage: "refuse" });
    const retryAfter = async (): Promise<number> =>
      ((await service.call("a").catch((error: unknown) => error)) as StoreDownError).retryAfter!;
    const first = await retryAfter();
    expect(first).toBeGreaterThanOrEqual(50);
    expect(first).toBeLessThanOrEqual(100);
    await clock.advance(10);
    expect(await retryAfter()).toBeCloseTo(first - 10);
    await clock.advance(1_000);
    expect(await retryAfter()).toBe(0);
  });

  test("the pauses of the next outage begin anew, with 50 to 100 ms", async () => {
    const { clock, store, layer, service } = await brokenDown({ outage: "refuse", timeout: 50 });
    /** In how many ms it is asked again, where somebody asks all the time. */
    const pause = async (): Promise<number> => {
      const [asked, began] = [store.takes.length, clock.now()];
      while (store.takes.length === asked) {
        await clock.advanceAsync(5);
        service.call("a").catch(ignore);
      }
      return clock.now() - began;
    };
    const first = await pause();
    for (let again = 0; again < 6; again++) await pause();
    expect(await pause()).toBeGreaterThanOrEqual(500);
    store.behaviour = "answers";
    await clock.advanceAsync(1_000);
    await layer.warm();
    expect(layer.state).toBe("up");
    await clock.advanceAsync(1_000);
    store.behaviour = "rejects";
    await layer.warm();
    expect(layer.state).toBe("down");
    for (const ms of [first, await pause()]) {
      expect(ms).toBeGreaterThanOrEqual(50);
      expect(ms).toBeLessThanOrEqual(105);
    }
  });

  test("the first answer ends it, and those who come are let in by the store again", async () => {
    const { clock, store, layer, letIn } = await brokenDown({ outage: "refuse" });
    store.behaviour = "answers";
    await clock.advance(100);
    expect(await letIn(1)).toBe(0);
    expect(layer.state).toBe("up");
    expect(await letIn(5)).toBe(5);
  });

  test("those in line wait for the probe where they have a local rate, and are let in by what comes first", async () => {
    const { clock, store, layer, service, handle } = await brokenDown({ share: 0.01 });
    void service.call("a");
    await clock.advanceAsync(0);
    expect(layer.waiting).toBe(1);
    store.behaviour = "answers";
    await clock.advanceAsync(101);
    expect([layer.state, layer.waiting, handle.calls]).toEqual(["up", 0, 1]);
    expect(clock.pending).toBe(0);
  });
});

describe("promise 13: while the store is down", () => {
  test("with `share`, a member goes by its part of the rate, beginning with nothing", async () => {
    const { clock, layer, letIn, handle } = await brokenDown({ share: 0.5 });
    expect(layer.available).toBe(0);
    expect(await letIn(3)).toBe(0);
    await clock.advanceAsync(200);
    expect([handle.calls, layer.waiting]).toEqual([1, 2]);
    await clock.advanceAsync(400);
    expect([handle.calls, layer.waiting]).toEqual([3, 0]);
    // At most `share` of the burst of 9 that the store's bucket has.
    await clock.advanceAsync(60_000);
    expect(layer.available).toBe(4);
    expect(await letIn(9)).toBe(4);
  });

  test("with `share`, a permit that is given back is there for the next", async () => {
    const { clock, layer, service } = await brokenDown({ share: 0.5 });
    await clock.advanceAsync(200);
    const permit = service.tryReady("a")!;
    expect([layer.available, service.tryReady("b")]).toEqual([0, undefined]);
    permit.release();
    expect(layer.available).toBe(1);
    service.tryReady("b")!.release();
  });

  test("its part is one by the members, as they were counted last", async () => {
    const { clock, store, layer, letIn, handle } = one({ fresh: "empty" });
    const others = [1, 2, 3].map(() => sharedRateLimit({ store, key: "k", limit: 10, interval: 1_000, clock }));
    for (const other of others) await other.warm();
    await layer.warm();
    expect(layer.members).toBe(4);
    await clock.advance(1_000);
    store.behaviour = "rejects";
    await letIn(1);
    await clock.advanceAsync(399);
    expect(handle.calls).toBe(0);
    await clock.advanceAsync(1);
    expect(handle.calls).toBe(1);
  });

  test("with `share`, all of them together start no more than before, but for what is in flight when it begins", async () => {
    const fleet = new RateFleet({ limit: 100, interval: 1_000, burst: 50, share: 0.25, timeout: 50 }, [1, 1, 1, 1]);
    const offer = (): void => {
      for (const { service, layer } of fleet.members) while (layer.waiting < 10) service.call(0).catch(ignore);
    };
    await fleet.run(500, offer);
    for (const { store } of fleet.members) store.behaviour = "hangs";
    await fleet.run(1_500, offer);
    const before = fleet.starts.length;
    expect(fleet.members.map(({ layer }) => layer.state)).toEqual(["down", "down", "down", "down"]);
    await fleet.run(1_000, offer);
    expect(fleet.starts.length - before).toBeGreaterThanOrEqual(95);
    const allowed = (100 * 50) / 1_000 + 1e-6;
    expect(fleet.excess()).toBeLessThanOrEqual(allowed);
    // Until the last of them has found out that the store is back, it goes on with its share: for a second at most.
    for (const { store } of fleet.members) store.behaviour = "answers";
    await fleet.run(6_000, offer);
    expect(fleet.members.map(({ layer }) => layer.state)).toEqual(["up", "up", "up", "up"]);
    expect(fleet.excess()).toBeLessThanOrEqual(allowed + 100 * 0.75);
  });

  test("with `share`, each may start one call at once, also where there are more members than burst", async () => {
    const { clock, layer, letIn } = await brokenDown({ share: 0.02 });
    await clock.advanceAsync(60_000);
    expect(layer.available).toBe(1);
    expect(await letIn(2)).toBe(1);
  });

  test("with `allow`, everybody is let in, and the store is told of no more than a burst of them", async () => {
    const { clock, store, letIn, layer } = await brokenDown({ outage: "allow", burst: 20 });
    expect(layer.available).toBe(Infinity);
    expect(await letIn(500)).toBe(500);
    store.behaviour = "answers";
    await clock.advance(100);
    expect(await letIn(1)).toBe(1);
    expect(layer.state).toBe("up");
    expect(store.takes.at(-1)!.debt).toBeGreaterThanOrEqual(18);
    expect(store.takes.at(-1)!.debt).toBeLessThanOrEqual(20);
  });

  test("starts that were reported in vain are counted once, where a store acts on questions and its answers are late or lost", async () => {
    const { clock, store, letIn, layer } = await brokenDown({ outage: "allow", burst: 20 });
    await letIn(500);
    for (const [behaviour, back] of [
      ["answers", 150],
      ["loses", 0],
    ] as const) {
      Object.assign(store, { behaviour, back });
      for (let ms = 0; ms < 20_000; ms += 100) {
        await clock.advanceAsync(100);
        await letIn(100);
      }
    }
    expect([layer.state, layer.late > 10, store.takes.length > 30]).toEqual(["down", true, true]);
    Object.assign(store, { behaviour: "answers", back: 0 });
    await clock.advanceAsync(1_000);
    await layer.warm();
    expect(layer.state).toBe("up");
    // Two bursts of 19 at most, and a token each 100 ms.
    await clock.advanceAsync(4_000);
    await layer.warm();
    expect(layer.available).toBeGreaterThan(0);
  });

  test("starts that the store has not heard of in an outage are reported after it, all of them", async () => {
    const { clock, store, letIn, layer } = await brokenDown({ outage: "allow", burst: 20 });
    await letIn(4);
    await clock.advanceAsync(100);
    // This question reports them, and fails. Until the next one, 2 are regained.
    await letIn(1);
    await clock.advanceAsync(200);
    Object.assign(store, { behaviour: "answers" });
    const asked = store.takes.length;
    await letIn(5);
    expect(layer.state).toBe("up");
    const debts = store.takes.slice(asked).map(({ debt }) => debt);
    expect(debts.reduce((sum, debt) => sum + debt, 0)).toBe(4 + 1 + 5 - 3);
  });

  test("tokens in hand are used up first", async () => {
    const { store, layer, service } = one({ outage: "refuse", limit: 100 });
    await layer.warm(3);
    store.behaviour = "rejects";
    for (let call = 0; call < 3; call++) service.tryReady("a")!.release();
    for (let call = 0; call < 3; call++) void service.tryReady("a")!.call("a");
    expect(service.tryReady("a")).toBeUndefined();
    await layer.warm();
    expect(() => service.tryReady("a")).toThrow("cannot be reached");
  });

  test("a deadline is kept to by the local rate as well", async () => {
    const { clock, service } = await brokenDown({ share: 0.1 });
    const late = service.call("a", { deadline: clock.now() + 500 });
    await expect(late).rejects.toSatisfy(isOverloadedError);
  });

  test("tokens in hand count for the callers behind: who can start by its deadline is not refused", async () => {
    const { clock, store, layer, service, handle } = one({ limit: 100, burst: 1, hold: 500, timeout: 50, share: 0.5 });
    await layer.warm();
    for (let call = 0; call < 21; call++) service.call("a").catch(ignore);
    await clock.advanceAsync(0);
    // These have tokens, each 10 ms. The others find the store down, and have the local rate, a token each 20 ms.
    store.behaviour = "hangs";
    const deadline = clock.now() + 350;
    const calls = Array.from({ length: 10 }, () => watch(service.call("b", { deadline })));
    await clock.advanceAsync(350);
    expect([layer.state, handle.calls]).toEqual(["down", 31]);
    expect(calls.filter((call) => call()[0] === "broken")).toEqual([]);
  });

  test.each<readonly ["allow" | "refuse", outcome: unknown[]]>([
    ["allow", ["kept", 7]],
    ["refuse", ["broken", expect.objectContaining({ code: "ERR_SLUICE_STORE_DOWN" })]],
  ])("with %j, callers in line who have a deadline are answered as those who have none", async (outage, outcome) => {
    const { clock, store, layer, service, handle } = one({ outage, timeout: 50 });
    store.behaviour = "hangs";
    const deadline = clock.now() + 5_000;
    const calls = [service.call("a", { deadline }), service.call("b"), service.call("c", { deadline })].map(watch);
    expect(layer.waiting).toBe(3);
    await clock.advanceAsync(50);
    for (let call = handle.calls; call > 0; call--) (await handle.nextRequest()).respond(7);
    await clock.advanceAsync(0);
    expect(calls.map((call) => call())).toEqual([outcome, outcome, outcome]);
  });

  test("permits of an outage that are started after it count, and those given back do not", async () => {
    const { clock, store, layer, service } = await brokenDown({ outage: "allow" });
    const permits = [1, 2, 3].map(() => service.tryReady("a")!);
    permits[0]!.release();
    store.behaviour = "answers";
    await clock.advance(100);
    await layer.warm();
    expect(layer.state).toBe("up");
    void permits[1]!.call("a");
    permits[2]!.release();
    await clock.advance(0);
    expect(store.takes.at(-1)).toMatchObject({ debt: 1 });
    expect(layer.active).toBe(0);
  });
});

test("a permit of one outage gives nothing back to the next", async () => {
  const { clock, store, layer, service, letIn } = await brokenDown({ share: 1, burst: 2 });
  await clock.advanceAsync(100);
  const permit = service.tryReady("a")!;
  expect(service.tryReady("a")).toBeUndefined();
  store.behaviour = "answers";
  await clock.advanceAsync(1_000);
  await layer.warm();
  expect(layer.state).toBe("up");
  await clock.advanceAsync(1_000);
  store.behaviour = "rejects";
  await layer.warm(2);
  expect([layer.state, layer.available]).toEqual(["down", 0]);
  permit.release();
  expect([layer.available, await letIn(1)]).toEqual([0, 0]);
});

describe("promise 14: a store that lost its state", () => {
  test.each([
    ["full", 40],
    ["empty", 0],
  ] as const)("with fresh: %j, up to %i more start, and no more", async (fresh, more) => {
    const fleet = new RateFleet({ limit: 100, interval: 1_000, burst: 40, fresh }, [0, 1]);
    const offer = (): void => {
      for (const { service, layer } of fleet.members) while (layer.waiting < 60) service.call(0).catch(ignore);
    };
    await fleet.run(700, offer);
    fleet.store.loseState();
    await fleet.run(700, offer);
    expect(fleet.excess()).toBeLessThanOrEqual(more + 1e-6);
    expect(fleet.starts.length).toBeGreaterThan(100);
  });
});

test("promise 18: no failure of the store is an unhandled rejection", async () => {
  const reported = await unhandledIn(async () => {
    for (const behaviour of ["rejects", "throws", "hangs", "loses"] as const) {
      const { clock, store, layer, service } = one({ outage: "refuse" });
      store.behaviour = behaviour;
      service.tryReady("a");
      await clock.advanceAsync(1_000);
      const closing = layer.close();
      await clock.advanceAsync(1_000);
      await closing;
    }
  });
  expect(reported).toEqual([]);
});

test("a store that fails after its time is over is no news", async () => {
  const { clock, store, layer } = one({ timeout: 20 });
  const fails: (() => void)[] = [];
  store.answer = () => new Promise((_resolve, reject) => fails.push(() => reject(down)));
  void layer.warm();
  await clock.advanceAsync(20);
  expect([layer.state, layer.trips]).toEqual(["down", 1]);
  for (const fail of fails) fail();
  await clock.advance(0);
  expect([layer.state, layer.late]).toEqual(["down", 0]);
});

test("changes of state are announced, with what the store said", async () => {
  const heard: LayerEvent[] = [];
  const subscription = events.subscribe((event) => heard.push(event));
  const { clock, store, layer } = await brokenDown({});
  store.behaviour = "answers";
  await clock.advance(100);
  await layer.warm();
  subscription[Symbol.dispose]();
  const common = { type: "state", layer: "sharedRateLimit", label: "db" };
  expect(heard).toMatchObject([
    { ...common, from: "up", to: "down", cause: down },
    { ...common, from: "down", to: "up", cause: undefined },
  ]);
  expect(heard[0]!.source).toBe(heard[1]!.source);
});

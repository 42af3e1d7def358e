import { events, isOverloadedError, type LayerEvent, ServiceBuilder, takeRefusal } from "@sluice/core";
import { unhandledIn, watch } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import {
  isStoreDownError,
  type ShareAsk,
  SharedSemaphore,
  sharedConcurrencyLimit,
  type SharedConcurrencyLimitOptions,
} from "../../src/index.ts";
import { type Behaviour, down, RemoteStore } from "../helper/remote-store.ts";
import { SlotFleet } from "../helper/slot-fleet.ts";

const ignore = (): void => {};

function one(options: Partial<SharedConcurrencyLimitOptions> = {}) {
  const clock = new VirtualClock();
  const store = new RemoteStore(clock);
  const layer = sharedConcurrencyLimit({ store, key: "k", max: 8, clock, label: "db", ...options });
  const [inner, handle] = mockService<string, number>();
  return { clock, store, layer, handle, service: new ServiceBuilder().layer(layer).service(inner) };
}

/** A member with two calls running, whose store does not answer any more. */
async function cutOff(options: Partial<SharedConcurrencyLimitOptions>) {
  const made = one({ ttl: 900, refresh: 100, timeout: 100, ...options });
  const running = [made.service.call("a"), made.service.call("b")];
  await made.clock.advanceAsync(1);
  expect(made.layer.active).toBe(2);
  made.store.behaviour = "hangs";
  return { ...made, running };
}

describe("promise 11: a member that cannot reach the store", () => {
  test("goes on under its lease, and starts nothing when that has ended", async () => {
    const { clock, layer, service, handle } = await cutOff({ linger: 150 });
    // A slot that comes free is used again.
    await clock.advanceAsync(250);
    expect(layer.state).toBe("down");
    (await handle.nextRequest()).respond(1);
    await clock.advanceAsync(200);
    void service.call("c");
    expect([layer.active, handle.calls]).toEqual([2, 3]);
    const held = watch(service.call("d"));
    await clock.advanceAsync(250);
    expect(held()[0]).toBe("pending");
    await clock.advanceAsync(200);
    const [state, error] = held();
    expect([state, isStoreDownError(error)]).toEqual(["broken", true]);
    expect(error).toMatchObject({ layer: "sharedConcurrencyLimit", label: "db", reason: "store" });
    expect([layer.lost, layer.share]).toEqual([2, 0]);
    (await handle.nextRequest()).respond(1);
    expect(() => service.tryReady("e")).toThrow("cannot be reached");
    await expect(service.call("e")).rejects.toSatisfy(isStoreDownError);
    expect(handle.calls).toBe(3);
  });

  test("gives up on a question that is under way when the lease ends, all the same", async () => {
    const { clock, layer, service, store } = await cutOff({ outage: "share", share: 0.25, timeout: 300 });
    const waiting = [1, 2, 3].map(() => watch(service.call("x")));
    for (let ms = 0; ms < 3_000; ms++) await clock.advanceAsync(1);
    expect([layer.state, layer.waiting]).toEqual(["down", 3]);
    const asked = store.shares.length;
    await clock.advanceAsync(5_000);
    expect(store.shares.length - asked).toBeGreaterThanOrEqual(3);
    expect(waiting.map((state) => state()[0])).toEqual(["pending", "pending", "pending"]);
  });

  test("refuses permits in hand when they are called after that", async () => {
    const { clock, layer, service, handle } = await cutOff({ linger: 500 });
    (await handle.nextRequest()).respond(1);
    await clock.advance(0);
    const permit = service.tryReady("c")!;
    await clock.advanceAsync(1_000);
    await expect(permit.call("c")).rejects.toSatisfy(isStoreDownError);
    expect([layer.active, handle.calls]).toEqual([1, 2]);
  });

  test("starts nothing after a pause in which no timer could fire", async () => {
    const { clock, layer, service, handle } = await cutOff({});
    await clock.advanceAsync(300);
    clock.jump(5_000);
    (await handle.nextRequest()).respond(1);
    await clock.advance(0);
    expect(() => service.tryReady("c")).toThrow("cannot be reached");
    expect([layer.active, handle.calls]).toEqual([1, 2]);
  });

  test.each<readonly [outage: "share" | "allow", share: number | undefined, most: number]>([
    ["share", undefined, 8],
    ["share", 0.5, 4],
    ["allow", 0.5, 8],
  ])("with outage %j and share %s it then has %i slots", async (outage, share, most) => {
    const { clock, layer, service, store } = await cutOff({ outage, share });
    await clock.advanceAsync(1_000);
    for (let call = 0; call < 12; call++) service.call("x").catch(ignore);
    expect([layer.active, layer.waiting]).toEqual([most, 14 - most]);
    expect(layer.lost).toBe(2);
    store.behaviour = "answers";
    await clock.advanceAsync(2_000);
    expect(layer.state).toBe("up");
    expect(layer.active).toBe(8);
  });

  test("its share is one by the members, those counted that neither hold nor want slots", async () => {
    const fleet = new SlotFleet({ max: 8, outage: "share", ttl: 900, timeout: 100 }, [0, 0, 0, 0]);
    await fleet.run(1_000, [8, 8, 8, 8]);
    // One alone has calls when the store goes away.
    await fleet.run(5_000, [8]);
    for (const { store } of fleet.members) store.behaviour = "hangs";
    await fleet.run(1_500, [8]);
    expect(fleet.members.map(({ layer }) => layer.members)).toEqual([4, 4, 4, 4]);
    fleet.most = 0;
    await fleet.run(1_000, [8, 8, 8, 8]);
    expect(fleet.most).toBe(8);
  });

  test.each<readonly [max: number, share: number, slots: number]>([
    [49, 1 / 49, 1],
    [98, 1 / 49, 2],
    [50, 0.58, 29],
    [100, 0.29, 29],
    [10, 0.29, 2],
    [49, 0.02, 0],
    [2 ** 53 - 1, 1, 2 ** 53 - 1],
  ])("of %i slots a share of %d is %i", async (max, share, slots) => {
    const { store, layer } = one({ max, share, outage: "share" });
    store.behaviour = "rejects";
    await layer.warm();
    expect([layer.state, layer.share]).toEqual(["down", slots]);
  });

  test("with a share of less than one slot it refuses", async () => {
    const { clock, service } = await cutOff({ outage: "share", share: 0.1 });
    await clock.advanceAsync(1_000);
    expect(() => service.tryReady("x")).toThrow("cannot be reached");
  });

  test("comes back with the slots that are in use, and no others are lost", async () => {
    const { clock, layer, store, service } = await cutOff({});
    await clock.advanceAsync(2_000);
    store.behaviour = "answers";
    const other = sharedConcurrencyLimit({ store, key: "k", max: 8, clock });
    await other.warm(8);
    expect(other.available).toBe(8);
    await clock.advanceAsync(1_000);
    expect(layer.state).toBe("up");
    expect(store.shares.at(-1)).toMatchObject({ keep: 2 });
    const waiting = service.call("c");
    await clock.advanceAsync(500);
    expect(layer.active).toBe(3);
    void waiting;
  });
});

describe("promise 12: a store that does not answer", () => {
  test("delays a caller by `timeout`, once; after that answers are immediate", async () => {
    const { clock, store, service } = one({ timeout: 200 });
    store.behaviour = "hangs";
    const first = watch(service.call("a"));
    await clock.advanceAsync(199);
    expect(first()[0]).toBe("pending");
    await clock.advanceAsync(1);
    expect(isStoreDownError(first()[1])).toBe(true);
    for (let again = 0; again < 20; again++) {
      await expect(service.call("c")).rejects.toSatisfy(isStoreDownError);
      await clock.advanceAsync(50);
    }
  });

  test.each<Behaviour>(["rejects", "throws"])(
    "where it %s, callers are told at once, with what it said",
    async (how) => {
      const { clock, store, service } = one();
      store.behaviour = how;
      const call = watch(service.call("a"));
      await clock.advance(0);
      expect((call()[1] as Error).cause).toBe(down);
    },
  );

  test("one who waits and one who comes are let in again by the first answer", async () => {
    const { clock, store, layer, service } = one();
    store.behaviour = "rejects";
    await layer.warm();
    store.behaviour = "answers";
    await clock.advance(100);
    expect(() => service.tryReady("a")).toThrow("cannot be reached");
    await clock.advance(0);
    expect(layer.state).toBe("up");
    expect(service.tryReady("a")).toBeDefined();
  });
});

test("promise 14: after the store lost its state there are up to twice max for a `refresh`, and then max", async () => {
  const fleet = new SlotFleet({ max: 8, refresh: 100 }, [1, 1]);
  await fleet.run(500, [8, 8], 20);
  fleet.store.loseState();
  fleet.most = 0;
  await fleet.run(200, [8, 8], 20);
  expect(fleet.most).toBeLessThanOrEqual(16);
  fleet.most = 0;
  await fleet.run(1_000, [8, 8], 20);
  expect(fleet.most).toBe(8);
});

test("promise 18: no failure of the store is an unhandled rejection", async () => {
  const reported = await unhandledIn(async () => {
    for (const behaviour of ["rejects", "throws", "hangs", "loses"] as const) {
      const { clock, store, layer, service } = one({ ttl: 300 });
      await layer.warm(2);
      const permit = service.tryReady("a");
      store.behaviour = behaviour;
      await clock.advanceAsync(1_000);
      permit?.release();
      const closing = layer.close();
      await clock.advanceAsync(1_000);
      await closing;
    }
  });
  expect(reported).toEqual([]);
});

test("slots whose lease has ended are not there, also where the store was down and nobody has come since", async () => {
  const { clock, store, layer } = one({ ttl: 300, linger: 1_000 });
  await layer.warm(4);
  store.behaviour = "rejects";
  await layer.warm(5);
  expect([layer.state, layer.share, layer.available]).toEqual(["down", 4, 4]);
  await clock.advance(300);
  expect([layer.state, layer.share, layer.available]).toEqual(["down", 0, 0]);
  store.behaviour = "answers";
  await layer.warm(4);
  expect([layer.state, layer.share, layer.available]).toEqual(["up", 4, 4]);
});

describe("what a store answers", () => {
  const good = { more: 1, level: 1, lacking: 0, older: 0 };

  const upTo = (most: number) => `must be a whole number of 0 or more and at most ${most}; received`;
  const any = upTo(Number.MAX_SAFE_INTEGER);
  test.each<readonly [what: string, answer: unknown, said: string]>([
    ["nothing", undefined, "its answer must be an object; received undefined"],
    ["text", "1", 'its answer must be an object; received "1"'],
    ["more than there is", { ...good, more: 9 }, `more ${upTo(1)} 9`],
    ["more than was wanted", { ...good, more: 2 }, `more ${upTo(1)} 2`],
    ["less than nothing", { ...good, more: -1 }, `more ${upTo(1)} -1`],
    ["part of a slot", { ...good, more: 0.5 }, `more ${upTo(1)} 0.5`],
    ["no level", { ...good, level: Number.NaN }, `level ${any} NaN`],
    ["nobody who lacks", { ...good, lacking: undefined }, `lacking ${any} undefined`],
    ["no age", { ...good, older: -1 }, `older ${any} -1`],
    ["an answer of the other limit", { granted: 1, first: 0, stamp: "s" }, `more ${upTo(1)} undefined`],
  ])(
    "that is %s is a failure of the store, which says what is wrong, and grants nothing",
    async (_what, answer, said) => {
      const { clock, store, layer, service } = one();
      store.answer = () => answer;
      const call = watch(service.call("a"));
      await clock.advance(0);
      const error = call()[1] as Error;
      expect(isStoreDownError(error)).toBe(true);
      expect(error.cause).toMatchObject({ message: `store: ${said}` });
      expect([layer.state, layer.share]).toEqual(["down", 0]);
    },
  );

  test.each<readonly [what: string, more: (ask: ShareAsk) => number]>([
    ["gives, and asks for all of it back", ({ want, keep }) => want - keep],
    ["gives what nobody wants", () => 1],
    ["never gives anything, and asks for more than it has given", () => 0],
  ])("a store that always %s is not asked without end", async (_what, more) => {
    const { clock, store, layer, service } = one({ refresh: 50 });
    store.answer = () => {
      // Without end would be within one turn.
      if (store.shares.length > 1_000) throw down;
      return { more: more(store.shares.at(-1)!), level: 0, lacking: 9, older: 9 };
    };
    for (let call = 0; call < 3; call++) service.call("a").catch(ignore);
    service.tryReady("a");
    await clock.advanceAsync(1_000);
    expect(store.shares.length).toBeLessThanOrEqual(200);
    void layer.close();
    await clock.advanceAsync(1_000);
    expect(store.shares.length).toBeLessThanOrEqual(400);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])(
    "where there are fewer slots than members, %i of whom have waited for longer, it keeps %i of one",
    async (older, kept) => {
      const { clock, store, layer, service } = one();
      store.answer = () => ({ more: store.shares.length === 1 ? 1 : 0, level: 0, lacking: 3, older });
      await layer.warm();
      const permit = service.tryReady("a")!;
      await clock.advance(0);
      permit.release();
      await clock.advance(0);
      expect(layer.share).toBe(kept);
    },
  );

  test("what comes too late is counted, and not used", async () => {
    const { clock, store, layer } = one({ timeout: 20 });
    store.there = store.back = 15;
    void layer.warm(3);
    await clock.advanceAsync(40);
    expect([layer.late, layer.share]).toEqual([1, 0]);
  });

  test("each question has a number of its own, that grows", async () => {
    const { clock, store, service } = one();
    void service.call("a");
    await clock.advanceAsync(1_000);
    const numbers = store.shares.map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, nth) => nth + 1));
    expect(numbers.length).toBeGreaterThan(3);
  });
});

describe("close", () => {
  test("gives back free slots at once and the others as calls end, and refuses who waits and who comes", async () => {
    const { clock, store, layer, service, handle } = one({ max: 4 });
    await layer.warm(4);
    const running = [service.call("a"), service.call("b")];
    const waiting = [service.call("c"), service.call("d"), service.call("e")];
    expect([layer.active, layer.waiting]).toEqual([4, 1]);
    (await handle.nextRequest()).respond(1);
    await running[0];
    await clock.advance(0);
    const closing = layer.close();
    expect(layer.close()).toBe(closing);
    await closing;
    expect(layer.share).toBe(4);
    expect([service.tryReady("x"), takeRefusal()?.reason]).toEqual([undefined, "closed"]);
    await expect(service.call("x")).rejects.toMatchObject({ reason: "closed", layer: "sharedConcurrencyLimit" });
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond(1);
    await clock.advance(0);
    expect(store.shares.at(-1)).toMatchObject({ keep: 2, want: 2 });
    await clock.advanceAsync(30_000);
    const other = sharedConcurrencyLimit({ store, key: "k", max: 4, clock });
    await other.warm(4);
    expect(other.available).toBe(2);
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond(1);
    await Promise.all(waiting);
    await clock.advance(0);
    expect([layer.active, layer.share]).toEqual([0, 0]);
    const asked = store.shares.length;
    await clock.advanceAsync(60_000);
    expect(clock.pending).toBe(0);
    expect(store.shares.length - asked).toBeLessThanOrEqual(1);
  });

  test("refuses those in line, and gives back what comes for them", async () => {
    const { clock, store, layer, service } = one();
    store.there = store.back = 5;
    const waiting = service.call("a");
    await clock.advanceAsync(5);
    const closing = watch(layer.close());
    await expect(waiting).rejects.toSatisfy(isOverloadedError);
    await clock.advanceAsync(15);
    expect(closing()[0]).toBe("kept");
    expect(store.shares.at(-1)).toMatchObject({ keep: 0, want: 0 });
    expect([layer.share, clock.pending]).toEqual([0, 0]);
    await layer.warm();
    expect(store.shares).toHaveLength(2);
  });

  test("with a store that is down it is kept all the same", async () => {
    const { store, layer } = one();
    await layer.warm(2);
    store.behaviour = "rejects";
    await layer.close();
    expect(layer.state).toBe("down");
  });
});

describe("warm", () => {
  test.each([0, -1, 1.5, Number.NaN, "2"])("refuses %s", (count) => {
    expect(() => one().layer.warm(count as number)).toThrow(/count must be a whole number/);
  });

  test("is kept at once where there is enough, and although there is not", async () => {
    const { store, layer } = one({ max: 3 });
    await Promise.all([layer.warm(), layer.warm(2)]);
    expect([layer.available, store.shares.length]).toEqual([2, 1]);
    await layer.warm(2);
    expect(store.shares.length).toBe(1);
    await layer.warm(7);
    expect(layer.available).toBe(3);
  });
});

test("a slot is given back once, however often that is said", async () => {
  const clock = new VirtualClock();
  const slots = new SharedSemaphore({ store: new RemoteStore(clock), key: "k", max: 8, clock });
  await slots.warm(2);
  const [first, second] = [slots.tryAcquire()!, slots.tryAcquire()!];
  first.cancel();
  first.cancel();
  first.finish({ status: "fulfilled", value: 1 });
  expect(slots.active).toBe(1);
  second.finish({ status: "fulfilled", value: 1 });
  second.finish({ status: "fulfilled", value: 1 });
  expect(slots.active).toBe(0);
});

test("what happens is announced", async () => {
  const heard: LayerEvent[] = [];
  const subscription = events.subscribe((event) => heard.push(event));
  const { clock, store } = await cutOff({});
  const other = new SharedSemaphore({ store: store.from(0), key: "k", max: 9, clock });
  await clock.advanceAsync(1_000);
  store.behaviour = "answers";
  await other.warm();
  other.tryAcquire();
  await clock.advanceAsync(1_100);
  subscription[Symbol.dispose]();
  const common = { layer: "sharedConcurrencyLimit", label: "db" };
  const ours = heard.filter(({ label }) => label === "db").map(({ source: _source, ...event }) => event);
  expect(ours).toMatchObject([
    { ...common, type: "limit", from: 0, to: 2 },
    { ...common, type: "state", from: "up", to: "down" },
    { ...common, type: "lost", slots: 2 },
    { ...common, type: "limit", from: 2, to: 0 },
    { ...common, type: "state", from: "down", to: "up" },
    { ...common, type: "conflict", ours: { max: 8 }, theirs: { max: 9 } },
    { ...common, type: "limit", from: 0, to: 2 },
  ]);
});

test("the gate by itself shows its counters to a logger", async () => {
  const clock = new VirtualClock();
  const slots = new SharedSemaphore({ store: new RemoteStore(clock), key: "k", max: 8, clock, label: "db" });
  expect(slots.idle).toBe(true);
  const reason = new Error("enough");
  await expect(slots.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await slots.warm(3);
  const lease = await slots.acquire();
  expect(slots.oldest).toBe(0);
  await clock.advance(30);
  expect(JSON.parse(JSON.stringify(slots))).toEqual({
    label: "db",
    key: "k",
    max: 8,
    share: 3,
    state: "up",
    members: 1,
    active: 1,
    waiting: 0,
    available: 2,
    oldest: 30,
    trips: 1,
    late: 0,
    lost: 0,
  });
  lease.finish({ status: "fulfilled", value: 1 });
  lease.cancel();
  expect([slots.active, slots.idle]).toEqual([0, false]);
  await clock.advanceAsync(200);
  expect([slots.idle, clock.pending]).toEqual([true, 0]);
  expect(() => new SharedSemaphore({ store: {} as never, key: "k", max: 1 })).toThrow(
    /^SharedSemaphore: store must be a store \(with share\)/,
  );
});

test("a counter of each kind is on the layer", async () => {
  const { layer, service, clock } = one();
  await layer.warm(2);
  const permit = service.tryReady("a")!;
  expect(layer.oldest).toBe(0);
  await clock.advance(7);
  expect({ ...layer }).toMatchObject({
    max: 8,
    share: 2,
    active: 1,
    waiting: 0,
    available: 1,
    oldest: 7,
    state: "up",
    members: 1,
    trips: 1,
    late: 0,
    lost: 0,
  });
  expect(layer.about).toEqual({
    label: "db",
    traits: ["limits"],
    facts: { key: "k", max: 8, ttl: 10_000, refresh: 250, outage: "refuse" },
  });
  permit.release();
});

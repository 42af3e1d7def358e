import { events, gate, isOverloadedError, type LayerEvent, ServiceBuilder, takeRefusal } from "@sluice/core";
import { turn, watch } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { SharedRate, sharedRateLimit, type SharedRateLimitOptions } from "../../src/index.ts";
import { RemoteStore } from "../helper/remote-store.ts";

const ignore = (): void => {};

function one(options: Partial<SharedRateLimitOptions> = {}) {
  const clock = new VirtualClock();
  const store = new RemoteStore(clock);
  const layer = sharedRateLimit({ store, key: "k", limit: 10, interval: 1_000, clock, ...options });
  const [inner, handle] = mockService<string, number>();
  return { clock, store, layer, handle, service: new ServiceBuilder().layer(layer).service(inner) };
}

describe("what a store answers", () => {
  const good = { granted: 1, first: 0, stamp: "s" };

  const whole = "must be a whole number of 0 or more and at most 1; received";
  const date = "store: first must be a number of ";
  test.each<readonly [what: string, answer: unknown, said: string]>([
    ["nothing", undefined, "store: its answer must be an object; received undefined"],
    ["null", null, "store: its answer must be an object; received null"],
    ["text", "1", 'store: its answer must be an object; received "1"'],
    ["an answer for another question", { ...good, granted: 7 }, `store: granted ${whole} 7`],
    ["less than nothing", { ...good, granted: -1 }, `store: granted ${whole} -1`],
    ["part of a token", { ...good, granted: 0.5 }, `store: granted ${whole} 0.5`],
    ["no number", { ...good, granted: Number.NaN }, `store: granted ${whole} NaN`],
    ["no date", { ...good, first: Number.NaN }, date],
    ["a date that never comes", { ...good, first: Infinity }, date],
    ["a date that is further off than was asked for", { ...good, first: 1e9 }, date],
    ["no stamp", { ...good, stamp: undefined }, "store: stamp must be a string; received undefined"],
    ["an answer of the other limit", { more: 1, level: 1, lacking: 0, older: 0 }, `store: granted ${whole} undefined`],
  ])(
    "that is %s is a failure of the store, which says what is wrong, and grants nothing",
    async (_what, answer, said) => {
      const { clock, store, layer, service } = one({ outage: "refuse" });
      store.answer = () => answer;
      const call = watch(service.call("a"));
      await clock.advance(0);
      const [state, error] = call();
      expect(state).toBe("broken");
      expect(((error as Error).cause as Error).message).toContain(said);
      expect([layer.state, layer.available]).toEqual(["down", 0]);
      store.answer = undefined;
      await clock.advance(100);
      await layer.warm();
      expect([layer.state, layer.available]).toEqual(["up", 1]);
    },
  );

  test("a count of members that is none is not believed", async () => {
    const { store, layer } = one();
    store.answer = (real) => ({ ...(real as object), members: -3 });
    await layer.warm();
    expect(layer.members).toBeUndefined();
  });

  test("members are as many as it said last", async () => {
    const { clock, store, layer } = one({ limit: 100 });
    let members = 5;
    store.answer = (real) => ({ ...(real as object), members });
    await layer.warm();
    expect(layer.members).toBe(5);
    await clock.advance(1_000);
    members = 2;
    await layer.warm();
    expect(layer.members).toBe(2);
  });

  test("a store that never grants anything is not asked without end", async () => {
    const { clock, store, service } = one({ limit: 100 });
    store.answer = () => ({ granted: 0, first: -5, stamp: "s" });
    service.call("a").catch(ignore);
    await clock.advanceAsync(1_000);
    expect(store.takes.length).toBeLessThanOrEqual(101);
  });

  test("a store that gives what it cannot take back is not asked without end, nor once more than it must be after `close`", async () => {
    const { clock, store, layer, service } = one({ limit: 100 });
    store.answer = () => ({ granted: store.takes.at(-1)!.count, first: -1e9, stamp: String(store.takes.length) });
    service.call("a").catch(ignore);
    service.tryReady("a");
    await layer.warm(5);
    await layer.close();
    await clock.advanceAsync(1_000);
    expect(store.takes.length).toBeLessThanOrEqual(5);
    expect(clock.pending).toBe(0);
  });

  test("what comes too late is counted and not used; the next question tells the store nothing of it", async () => {
    const { clock, store, layer } = one({ timeout: 20 });
    store.there = store.back = 15;
    const warm = layer.warm(2);
    await clock.advanceAsync(20);
    await warm;
    expect(layer.state).toBe("down");
    await clock.advanceAsync(10);
    expect([layer.late, layer.available]).toEqual([1, 0]);
  });

  test("what comes after its time is too late also where the process was busy, and no timer could fire before", async () => {
    const { clock, store, layer } = one({ timeout: 20 });
    let respond = ignore;
    store.answer = (real) => new Promise((resolve) => (respond = () => resolve(real)));
    void layer.warm(2);
    await clock.advanceAsync(0);
    clock.jump(20);
    respond();
    await turn();
    expect([layer.late, layer.available, layer.state]).toEqual([1, 0, "down"]);
  });

  test("a slow answer makes no token good before its time, and lets it end early", async () => {
    const { clock, store, layer } = one({ limit: 100, hold: 100, timeout: 90 });
    store.there = store.back = 20;
    const warm = layer.warm();
    await clock.advanceAsync(40);
    await warm;
    expect(layer.available).toBe(1);
    await clock.advanceAsync(59);
    expect(layer.available).toBe(1);
    await clock.advanceAsync(1);
    expect(layer.available).toBe(0);
  });
});

describe("members that disagree", () => {
  test("are found, and each says so once", async () => {
    const heard: LayerEvent[] = [];
    const { clock, store, layer } = one({ label: "db" });
    const other = sharedRateLimit({ store, key: "k", limit: 20, interval: 1_000, clock });
    const subscription = events.subscribe((event) => heard.push(event));
    for (let again = 0; again < 3; again++) {
      await layer.warm();
      await other.warm();
      await clock.advance(5_000);
    }
    subscription[Symbol.dispose]();
    expect(heard).toMatchObject([
      { type: "conflict", layer: "sharedRateLimit", ours: { limit: 20, interval: 1_000 }, theirs: { limit: 10 } },
      { type: "conflict", label: "db", ours: { limit: 10, interval: 1_000 }, theirs: { limit: 20, interval: 1_000 } },
    ]);
    expect(layer.state).toBe("up");
  });

  test("are told of to who listens later, too, where nobody did before", async () => {
    const { clock, store, layer } = one();
    const other = sharedRateLimit({ store, key: "k", limit: 20, interval: 1_000, clock });
    for (let again = 0; again < 2; again++) {
      await layer.warm();
      await other.warm();
      await clock.advance(5_000);
    }
    const heard: LayerEvent[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    await layer.warm();
    subscription[Symbol.dispose]();
    expect(heard).toMatchObject([{ type: "conflict", theirs: { limit: 20 } }]);
  });
});

describe("what is refused", () => {
  test("says why, and when to come again", async () => {
    const { clock, service, layer, handle } = one({ burst: 1, label: "db", hold: 50 });
    takeRefusal();
    expect(service.tryReady("a")).toBeUndefined();
    // Nobody knows yet.
    expect(takeRefusal()).toMatchObject({
      layer: "sharedRateLimit",
      label: "db",
      reason: "rate",
      retryAfter: undefined,
    });
    await clock.advance(0);
    void service.call("a");
    expect(handle.calls).toBe(1);
    void service.call("b");
    await clock.advance(0);
    expect(layer.waiting).toBe(1);
    await clock.advanceAsync(40);
    expect(service.tryReady("c")).toBeUndefined();
    // Behind the one who waits for 60 ms more.
    expect(takeRefusal()?.retryAfter).toBeCloseTo(160);
  });

  test("with no estimate it is the usual round trip", async () => {
    const { clock, store, service, layer } = one();
    store.there = store.back = 5;
    void layer.warm();
    await clock.advanceAsync(10);
    await clock.advanceAsync(1_000);
    takeRefusal();
    expect(service.tryReady("a")).toBeUndefined();
    expect(takeRefusal()?.retryAfter).toBeCloseTo(10);
  });
});

describe("warm", () => {
  test.each([0, -1, 1.5, Number.NaN, "2"])("refuses %s", (count) => {
    const { layer } = one();
    expect(() => layer.warm(count as number)).toThrow(/count must be a whole number/);
  });

  test("is kept at once where there is enough, and never rejects", async () => {
    const { store, layer } = one({ limit: 100 });
    await Promise.all([layer.warm(2), layer.warm(4)]);
    expect([layer.available, store.takes.length]).toEqual([4, 1]);
    await layer.warm(4);
    expect(store.takes.length).toBe(1);
    store.behaviour = "rejects";
    await layer.warm(5);
    await layer.warm(6);
    expect([layer.state, store.takes.length]).toEqual(["down", 2]);
  });

  test("while a question is under way waits for the next", async () => {
    const { clock, store, layer } = one({ limit: 100 });
    store.there = 5;
    const first = watch(layer.warm());
    await clock.advanceAsync(1);
    const second = watch(layer.warm(3));
    await clock.advanceAsync(5);
    expect([first()[0], second()[0]]).toEqual(["kept", "pending"]);
    await clock.advanceAsync(5);
    expect([second()[0], layer.available]).toEqual(["kept", 3]);
  });

  test("is kept although the store has none to give", async () => {
    const { layer, clock } = one({ burst: 1, hold: 20 });
    await layer.warm(5);
    expect(layer.available).toBe(1);
    await clock.advance(0);
  });
});

describe("close", () => {
  test("gives back what is borrowed, and refuses who waits and who comes", async () => {
    const { clock, store, layer, service } = one({ limit: 100, burst: 30, hold: 50 });
    await layer.warm(9);
    const other = sharedRateLimit({ store, key: "k", limit: 100, interval: 1_000, burst: 30, hold: 50, clock });
    const closing = layer.close();
    expect(layer.close()).toBe(closing);
    await closing;
    expect(store.takes.at(-1)).toMatchObject({ count: 0, unused: 9 });
    await other.warm(25);
    expect(other.available).toBe(25);
    expect([layer.available, clock.pending]).toEqual([0, 0]);
    expect(service.tryReady("a")).toBeUndefined();
    await expect(service.call("a")).rejects.toMatchObject({ reason: "closed", layer: "sharedRateLimit" });
    await layer.warm();
    expect(store.takes).toHaveLength(3);
  });

  test("refuses those in line, and gives back what comes for them", async () => {
    const { clock, store, layer, service } = one({ limit: 100, hold: 100 });
    store.there = store.back = 5;
    const waiting = service.call("a");
    await clock.advanceAsync(5);
    const closing = watch(layer.close());
    await expect(waiting).rejects.toSatisfy(isOverloadedError);
    await clock.advanceAsync(5);
    expect(closing()[0]).toBe("pending");
    await clock.advanceAsync(10);
    expect(closing()[0]).toBe("kept");
    expect(store.takes.at(-1)).toMatchObject({ count: 0, unused: 1 });
  });

  test("is kept when the store knows of all that came back, in however many questions", async () => {
    const { clock, store, layer } = one({ limit: 100 });
    // Tokens of different stamps are given back one after the other.
    store.answer = () => ({ granted: store.takes.at(-1)!.count, first: 0, stamp: String(store.takes.length) });
    await layer.warm(2);
    await layer.warm(4);
    store.there = 5;
    const closing = watch(layer.close());
    await clock.advanceAsync(5);
    expect(closing()[0]).toBe("pending");
    await clock.advanceAsync(5);
    expect(closing()[0]).toBe("kept");
    expect(store.takes.slice(2)).toMatchObject([{ unused: 2 }, { unused: 2 }]);
  });

  test("permits in hand stay good, and one that is started late still counts", async () => {
    const { clock, store, layer, service, handle } = one();
    await layer.warm();
    const permit = service.tryReady("a")!;
    await layer.close();
    await clock.advance(500);
    void permit.call("a");
    await clock.advance(0);
    expect(handle.calls).toBe(1);
    expect(store.takes.at(-1)).toMatchObject({ debt: 1, count: 0 });
  });

  test("a permit that is given back afterwards is let go", async () => {
    const { clock, store, layer, service } = one();
    await layer.warm();
    const permit = service.tryReady("a")!;
    await layer.close();
    permit.release();
    await clock.advance(0);
    expect([layer.active, layer.available, clock.pending]).toEqual([0, 0, 0]);
    expect(store.takes.length).toBeLessThanOrEqual(2);
  });

  test("with a store that is down, or knows of nothing, it is kept all the same", async () => {
    const { store, layer } = one({ limit: 100 });
    await layer.close();
    expect(store.takes).toEqual([]);
    const { store: broken, layer: member } = one({ limit: 100 });
    await member.warm(3);
    broken.behaviour = "throws";
    await member.close();
    expect(member.state).toBe("down");
  });
});

describe("the gate by itself", () => {
  test("shows its counters to a logger", async () => {
    const clock = new VirtualClock();
    const rate = new SharedRate({
      store: new RemoteStore(clock),
      key: "k",
      limit: 10,
      interval: 1_000,
      clock,
      label: "db",
    });
    expect(rate.idle).toBe(true);
    await rate.warm();
    const lease = rate.tryAcquire()!;
    await clock.advance(30);
    expect(JSON.parse(JSON.stringify(rate))).toEqual({
      label: "db",
      key: "k",
      limit: 10,
      interval: 1_000,
      state: "up",
      members: 1,
      active: 1,
      waiting: 0,
      available: 0,
      oldest: 30,
      trips: 1,
      late: 0,
    });
    expect(rate.idle).toBe(false);
    lease.finish({ status: "fulfilled", value: 1 });
    lease.cancel();
    lease.finish({ status: "fulfilled", value: 1 });
    expect([rate.active, rate.oldest, rate.idle]).toEqual([0, 0, true]);
    await rate.close();
    expect([rate.idle, rate.retryAfter()]).toEqual([false, undefined]);
  });

  test("refuses who has given up, and serves who comes where there is stock", async () => {
    const clock = new VirtualClock();
    const rate = new SharedRate({ store: new RemoteStore(clock), key: "k", limit: 10, interval: 1_000, clock });
    await rate.warm();
    const reason = new Error("enough");
    await expect(rate.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    (await rate.acquire()).cancel();
    expect(gate(rate, { name: "quota" }).name).toBe("quota");
  });

  test("its errors call it by its name", () => {
    expect(() => new SharedRate({ store: {} as never, key: "k", limit: 1, interval: 1 })).toThrow(
      /^SharedRate: store must be a store \(with take\)/,
    );
  });
});

test("a key has at most 200 characters", () => {
  expect(() => one({ key: "k".repeat(201) })).toThrow(/^sharedRateLimit: key must have at most 200 characters/);
  expect(one({ key: "k".repeat(200) }).layer.about?.facts).toMatchObject({ key: "k".repeat(200) });
});

test("a counter of each kind is on the layer", async () => {
  const { layer, service, clock } = one({ limit: 100 });
  await layer.warm(2);
  const permit = service.tryReady("a")!;
  await clock.advance(7);
  expect({ ...layer }).toMatchObject({
    limit: 100,
    interval: 1_000,
    active: 1,
    waiting: 0,
    available: 1,
    oldest: 7,
    state: "up",
    members: 1,
    trips: 1,
    late: 0,
  });
  expect(layer.about).toEqual({
    label: undefined,
    traits: ["rates"],
    facts: { key: "k", limit: 100, interval: 1_000, burst: 100, hold: 100, outage: "share" },
  });
  permit.release();
});

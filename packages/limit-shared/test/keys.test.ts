import { events, type LayerEvent } from "@sluice/core";
import { watch } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { isStoreDownError, SharedRate, type SharedRateLimitOptions, SharedSemaphore } from "../src/index.ts";
import { RemoteStore } from "./helper/remote-store.ts";

/** A rate of 10 in 10 s for each key, that keeps nothing in stock. Half a token is taken off the burst for `hold`: 9 may start at once. */
const terms = { key: "client", limit: 10, interval: 10_000, hold: 500, timeout: 200, label: "quota" };

function one(options: Partial<SharedRateLimitOptions> = {}) {
  const clock = new VirtualClock(1_000);
  const store = new RemoteStore(clock);
  return { clock, store, rate: new SharedRate({ ...terms, store, clock, ...options }) };
}

/** Starts a call, where it can be had within a question. */
async function start(slots: SharedRate | SharedSemaphore, clock: VirtualClock): Promise<boolean> {
  let lease = slots.tryAcquire();
  if (lease === undefined) {
    await clock.advanceAsync(0);
    lease = slots.tryAcquire();
  }
  lease?.finish({ status: "fulfilled", value: 1 });
  return lease !== undefined;
}

/** Somebody asks for this key, until that has found that the store is back: for 1.5 s at most. */
async function backBy(slots: SharedRate | SharedSemaphore, clock: VirtualClock): Promise<void> {
  for (let ms = 0; ms < 1_500 && slots.state === "down"; ms += 10) {
    await slots.acquire({ deadline: clock.now() }).then(
      (lease) => lease.cancel(),
      () => {},
    );
    await clock.advanceAsync(10);
  }
}

async function starts(slots: SharedRate, clock: VirtualClock): Promise<number> {
  let count = 0;
  while (await start(slots, clock)) count++;
  return count;
}

describe("the gate of a key", () => {
  test("counts its own, over all members", async () => {
    const { clock, store, rate } = one();
    const other = new SharedRate({ ...terms, store: store.from(0), clock });
    expect(rate.forKey("ann").key).toBe("client:ann");
    expect(await starts(rate.forKey("ann"), clock)).toBe(9);
    expect(await starts(other.forKey("ann"), clock)).toBe(0);
    expect(await starts(other.forKey("bob"), clock)).toBe(9);
    expect(await starts(rate, clock)).toBe(9);
  });

  test.each<readonly [key: unknown, error: RegExp]>([
    ["", /^sharedRateLimit: key must be/],
    [7, /^sharedRateLimit: key must be/],
    ["k".repeat(194), /^sharedRateLimit: key must have at most 200 characters/],
  ])("needs a key that the store can be asked for: not %j", (key, error) => {
    expect(() => one().rate.forKey(key as string)).toThrow(error);
  });

  test("that is closed closes no other", async () => {
    const { clock, rate } = one();
    await rate.forKey("ann").close();
    expect(await start(rate.forKey("ann"), clock)).toBe(true);
    expect(await start(rate, clock)).toBe(true);
  });

  test("shows its key, and what is known of the store, to a logger", async () => {
    const { clock, rate } = one();
    const ann = rate.forKey("ann");
    await start(ann, clock);
    expect(JSON.parse(JSON.stringify(ann))).toMatchObject({ label: "quota", key: "client:ann", members: 1, trips: 1 });
    expect(JSON.parse(JSON.stringify(rate))).toMatchObject({ key: "client", members: 1, trips: 1, state: "up" });
  });
});

describe("a key that was forgotten", () => {
  test("comes back as the same member, and its quota is what it was", async () => {
    const { clock, store, rate } = one();
    for (let life = 0; life < 9; life++) {
      const ann = rate.forKey("ann");
      expect(await start(ann, clock)).toBe(true);
      expect(ann.idle).toBe(true);
    }
    expect(await start(rate.forKey("ann"), clock)).toBe(false);
    expect(rate.members).toBe(1);
    expect(new Set(store.takes.map(({ member }) => member)).size).toBe(1);
  });

  test("asks with a higher number than before, so that an old question of it changes nothing", async () => {
    const { clock, store, rate } = one();
    await start(rate.forKey("ann"), clock);
    await start(rate.forKey("bob"), clock);
    await start(rate.forKey("ann"), clock);
    const numbers = store.takes.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  test("may be forgotten while nothing is held, waited for, borrowed or under way", async () => {
    const { clock, store, rate } = one();
    store.there = 5;
    const ann = rate.forKey("ann");
    expect(ann.idle).toBe(true);
    expect(ann.tryAcquire()).toBeUndefined();
    await clock.advanceAsync(0);
    expect(ann.idle).toBe(false);
    await clock.advanceAsync(10);
    expect([ann.available, ann.idle]).toEqual([1, false]);
    const lease = ann.tryAcquire()!;
    expect(ann.idle).toBe(false);
    lease.finish({ status: "fulfilled", value: 1 });
    expect(ann.idle).toBe(true);
  });
});

test("a key that has used up its quota is answered without the store until that can have more", async () => {
  const { clock, store, rate } = one();
  const ann = rate.forKey("ann");
  await starts(ann, clock);
  const asked = store.takes.length;
  for (let call = 0; call < 900; call++) {
    expect(await start(ann, clock)).toBe(false);
    expect(ann.retryAfter()).toBeLessThanOrEqual(1_000);
  }
  expect(store.takes.length).toBe(asked);
  await clock.advanceAsync(ann.retryAfter()!);
  expect(await start(ann, clock)).toBe(true);
});

test("a slow first answer makes no later caller believe that the store takes as long", async () => {
  const { clock, store, rate } = one();
  store.there = 150;
  await Promise.all([rate.forKey("ann").warm(), clock.advanceAsync(150)]);
  store.there = 1;
  await Promise.all([rate.forKey("bob").warm(), clock.advanceAsync(1)]);
  const eve = rate.forKey("eve");
  expect([eve.tryAcquire(), eve.retryAfter()]).toEqual([undefined, 1]);
  // One slow answer among quick ones makes none believe it either.
  for (let nth = 0; nth < 8; nth++) await Promise.all([rate.forKey(`${nth}`).warm(), clock.advanceAsync(1)]);
  store.there = 150;
  await Promise.all([rate.forKey("ann").warm(2), clock.advanceAsync(150)]);
  expect(rate.forKey("stranger").retryAfter()).toBeLessThan(50);
});

describe("an outage", () => {
  /** A member of three, whose store does not answer any more: one caller has found out. */
  async function cutOff(options: Partial<SharedRateLimitOptions> = {}) {
    const made = one(options);
    const { clock, store, rate } = made;
    for (const other of [store.from(0), store.from(0)]) {
      await start(new SharedRate({ ...terms, store: other, clock }).forKey("popular"), clock);
    }
    await start(rate.forKey("popular"), clock);
    await start(rate.forKey("ann"), clock);
    expect(rate.members).toBe(3);
    store.behaviour = "hangs";
    rate.forKey("popular").tryAcquire();
    await clock.advanceAsync(200);
    expect(rate.state).toBe("down");
    return made;
  }

  test("is found out once, and not for each key", async () => {
    const { store, rate } = await cutOff({ outage: "refuse" });
    const asked = store.takes.length;
    for (let stranger = 0; stranger < 100; stranger++) {
      const key = rate.forKey(`stranger ${stranger}`);
      expect(() => key.tryAcquire()).toThrow("cannot be reached");
      await expect(key.acquire()).rejects.toSatisfy(isStoreDownError);
      expect(key.idle).toBe(true);
    }
    expect(store.takes.length).toBe(asked);
  });

  test("is ended by one question at a time, of whichever key", async () => {
    const { clock, store, rate } = await cutOff({ outage: "refuse" });
    const asked = store.takes.length;
    for (let ms = 0; ms < 3_000; ms += 10) {
      for (const key of ["ann", "bob", "eve"]) expect(() => rate.forKey(key).tryAcquire()).toThrow("cannot be reached");
      await clock.advanceAsync(10);
    }
    // Each is waited for 200 ms, and then comes a pause of 50 ms or more.
    expect(store.takes.length - asked).toBeGreaterThan(2);
    expect(store.takes.length - asked).toBeLessThanOrEqual(3_000 / 250);
    store.behaviour = "answers";
    await backBy(rate.forKey("ann"), clock);
    expect(rate.state).toBe("up");
    expect(await start(rate.forKey("bob"), clock)).toBe(true);
  });

  test("that many questions find out together is one failure", async () => {
    const { clock, store, rate } = one({ outage: "refuse" });
    store.behaviour = "hangs";
    for (let stranger = 0; stranger < 50; stranger++) rate.forKey(`stranger ${stranger}`).tryAcquire();
    await clock.advanceAsync(200);
    expect(rate.state).toBe("down");
    store.behaviour = "answers";
    // The first pause is 100 ms at the most.
    await clock.advanceAsync(100);
    expect(() => rate.forKey("ann").tryAcquire()).toThrow("cannot be reached");
    await clock.advanceAsync(0);
    expect(rate.state).toBe("up");
  });

  test("that is over is not begun again by questions that were sent before its end", async () => {
    const { clock, store, rate } = one({ outage: "refuse" });
    store.behaviour = "hangs";
    rate.forKey("ann").tryAcquire();
    await clock.advanceAsync(190);
    const bob = rate.forKey("bob");
    bob.tryAcquire();
    await clock.advanceAsync(10);
    expect(rate.state).toBe("down");
    store.behaviour = "answers";
    await backBy(rate.forKey("eve"), clock);
    // 80 to 190 ms before the question for bob times out.
    expect([rate.state, bob.idle]).toEqual(["up", false]);
    const states = new Set<string>();
    for (let ms = 0; ms < 200; ms += 10) {
      await clock.advanceAsync(10);
      states.add(rate.state);
    }
    expect([...states]).toEqual(["up"]);
    expect(await start(bob, clock)).toBe(true);
  });

  test.each<readonly [fresh: "full" | "empty", first: number, later: number]>([
    // The store's bucket holds 9.5, and there are three members: 3 of it, and a token each 3 s.
    ["full", 3, 1],
    ["empty", 0, 1],
  ])("with `share` and fresh %j, each key begins with %i starts", async (fresh, first, later) => {
    const { clock, rate } = await cutOff({ fresh });
    for (const key of ["ann", "stranger"]) {
      const own = rate.forKey(key);
      let count = 0;
      while (own.tryAcquire() !== undefined) count++;
      expect([key, count]).toEqual([key, first]);
      await clock.advanceAsync(3_000);
      while (own.tryAcquire() !== undefined) count++;
      expect([key, count]).toEqual([key, first + later]);
    }
  });

  test("with `share`, a key is forgotten only when its part is whole again", async () => {
    const { clock, rate } = await cutOff();
    const ann = rate.forKey("ann");
    expect(ann.idle).toBe(true);
    ann.tryAcquire()!.finish({ status: "fulfilled", value: 1 });
    await clock.advanceAsync(2_900);
    expect(ann.idle).toBe(false);
    await clock.advanceAsync(200);
    expect(ann.idle).toBe(true);
  });

  test("that is over for one key is over for all, and each tells what it started", async () => {
    const { clock, store, rate } = await cutOff();
    const ann = rate.forKey("ann");
    for (let call = 0; call < 3; call++) ann.tryAcquire()!.finish({ status: "fulfilled", value: 1 });
    store.behaviour = "answers";
    await backBy(rate.forKey("bob"), clock);
    expect(rate.state).toBe("up");
    const asked = store.takes.length;
    // Whoever looks whether it may be forgotten has it tell the store first.
    expect(ann.idle).toBe(false);
    await clock.advanceAsync(0);
    expect(store.takes.slice(asked)).toMatchObject([{ debt: 3 }]);
    await clock.advanceAsync(terms.hold);
    expect(ann.idle).toBe(true);
  });

  test("that is over for another key: what was told in vain is told again", async () => {
    const { clock, store, rate } = await cutOff();
    const ann = rate.forKey("ann");
    for (let call = 0; call < 3; call++) ann.tryAcquire()!.finish({ status: "fulfilled", value: 1 });
    // The first question after the pause is of this key, and fails.
    const asked = store.takes.length;
    await clock.advanceAsync(100);
    ann.tryAcquire();
    await clock.advanceAsync(200);
    expect([rate.state, store.takes.slice(asked).map(({ debt }) => debt)]).toEqual(["down", [3]]);
    store.behaviour = "answers";
    await backBy(rate.forKey("bob"), clock);
    const before = store.takes.length;
    expect(ann.idle).toBe(false);
    await clock.advanceAsync(0);
    expect(store.takes.slice(before).map(({ debt }) => debt)).toEqual([3]);
  });

  test.each<readonly ["refuse" | "allow", outcome: string]>([
    ["refuse", "broken"],
    ["allow", "kept"],
  ])("with %j, answers those in line for another key at once, and those who join them", async (outage, outcome) => {
    const { clock, store, rate } = one({ outage, limit: 1, interval: 60_000 });
    const [ann, bob] = [rate.forKey("ann"), rate.forKey("bob")];
    expect(await starts(ann, clock)).toBe(1);
    const callers = [ann.acquire(), ann.acquire()].map(watch);
    await clock.advanceAsync(100);
    // The question for this caller is not answered.
    store.behaviour = "hangs";
    callers.push(watch(bob.acquire()));
    await clock.advanceAsync(100);
    expect(callers.map((caller) => caller()[0])).toEqual(["pending", "pending", "pending"]);
    store.behaviour = "rejects";
    await rate.forKey("eve").warm();
    callers.push(watch(ann.acquire()), watch(bob.acquire()));
    await clock.advanceAsync(0);
    expect(callers.map((caller) => caller()[0])).toEqual(Array(5).fill(outcome));
    await clock.advanceAsync(100);
    expect(clock.pending).toBe(0);
  });

  test("is told of in full, also where an earlier one was told of", async () => {
    const { clock, store, rate } = await cutOff();
    const ann = rate.forKey("ann");
    const startThree = (): void => {
      for (let call = 0; call < 3; call++) ann.tryAcquire()!.finish({ status: "fulfilled", value: 1 });
    };
    startThree();
    store.behaviour = "answers";
    await backBy(ann, clock);
    await clock.advanceAsync(1_000);
    store.behaviour = "rejects";
    await rate.forKey("bob").warm();
    expect(rate.state).toBe("down");
    startThree();
    store.behaviour = "answers";
    await backBy(rate.forKey("bob"), clock);
    const asked = store.takes.length;
    expect(ann.idle).toBe(false);
    await clock.advanceAsync(0);
    expect(store.takes.slice(asked).map(({ debt }) => debt)).toEqual([3]);
  });

  test("lets those in line in when another key has found that it is over", async () => {
    const { clock, store, rate } = await cutOff({ fresh: "empty" });
    const ann = rate.forKey("ann");
    const waiting = watch(ann.acquire());
    store.behaviour = "answers";
    await backBy(rate.forKey("bob"), clock);
    expect(rate.state).toBe("up");
    await clock.advanceAsync(3_000);
    expect(waiting()[0]).toBe("kept");
  });

  test("is announced once, by the limit that the keys belong to", async () => {
    const heard: LayerEvent[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    const { clock, rate } = await cutOff();
    for (let stranger = 0; stranger < 10; stranger++) rate.forKey(`stranger ${stranger}`).tryAcquire();
    await clock.advanceAsync(500);
    subscription[Symbol.dispose]();
    const states = heard.filter(({ type }) => type === "state");
    expect(states).toMatchObject([{ from: "up", to: "down", label: "quota" }]);
    expect(states[0]!.source).toBe(rate);
  });
});

test("members are as many as the store has counted for any key lately", async () => {
  const { clock, store, rate } = one();
  const other = new SharedRate({ ...terms, store: store.from(0), clock });
  await start(other.forKey("popular"), clock);
  await start(rate.forKey("popular"), clock);
  await start(rate.forKey("ann"), clock);
  expect(rate.members).toBe(2);
  // Members are forgotten after 20 s to 40 s, and so is the most that there were.
  for (let ms = 0; ms < 90_000; ms += 5_000) {
    await clock.advanceAsync(5_000);
    await start(rate.forKey("popular"), clock);
  }
  expect(rate.members).toBe(1);
});

describe("slots for each key", () => {
  function many(options: { readonly outage?: "refuse" | "share" } = {}) {
    const clock = new VirtualClock(1_000);
    const store = new RemoteStore(clock);
    const slots = new SharedSemaphore({ store, key: "client", max: 2, clock, timeout: 200, ttl: 900, ...options });
    return { clock, store, slots };
  }

  test("are counted by themselves, over all members, and a key that was forgotten is the same member", async () => {
    const { clock, store, slots } = many();
    const other = new SharedSemaphore({ store: store.from(0), key: "client", max: 2, clock });
    const ann = slots.forKey("ann");
    await ann.warm(2);
    const held = [ann.tryAcquire(), ann.tryAcquire()];
    expect(held).not.toContain(undefined);
    expect(await start(other.forKey("ann"), clock)).toBe(false);
    expect(await start(other.forKey("bob"), clock)).toBe(true);
    for (const lease of held) lease!.cancel();
    expect(ann.idle).toBe(false);
    await clock.advanceAsync(1_000);
    expect(ann.idle).toBe(true);
    for (let life = 0; life < 5; life++) await start(slots.forKey("ann"), clock);
    expect(slots.members).toBe(2);
  });

  test("are no more where two gates of one member have the same key", async () => {
    const { clock, slots } = many();
    const gates = [slots.forKey("ann"), slots.forKey("ann")];
    const callers = [...gates, ...gates].map((gate) => watch(gate.acquire()));
    await clock.advanceAsync(3_000);
    expect(callers.filter((caller) => caller()[0] === "kept")).toHaveLength(2);
    expect(slots.members).toBe(1);
  });

  test("are refused at once in an outage that another key has found, and may be forgotten", async () => {
    const { clock, store, slots } = many();
    store.behaviour = "hangs";
    slots.forKey("bob").tryAcquire();
    await clock.advanceAsync(200);
    const ann = slots.forKey("ann");
    expect(() => ann.tryAcquire()).toThrow("cannot be reached");
    await expect(ann.acquire()).rejects.toSatisfy(isStoreDownError);
    expect(ann.idle).toBe(true);
    store.behaviour = "answers";
    await clock.advanceAsync(200);
    expect(() => ann.tryAcquire()).toThrow("cannot be reached");
    await clock.advanceAsync(0);
    expect(await start(slots.forKey("bob"), clock)).toBe(true);
  });

  test("with `share` are the part that is there without the store, until another key has found that it is over", async () => {
    const { clock, store, slots } = many({ outage: "share" });
    store.behaviour = "rejects";
    await slots.forKey("bob").warm();
    const ann = slots.forKey("ann");
    expect([ann.share, ann.available, ann.idle]).toEqual([2, 2, true]);
    ann.tryAcquire()!.cancel();
    store.behaviour = "answers";
    await backBy(slots.forKey("bob"), clock);
    expect([slots.state, ann.share, ann.tryAcquire()]).toEqual(["up", 0, undefined]);
    expect(await start(ann, clock)).toBe(true);
  });
});

import { events, gate, isOverloadedError, type LayerEvent, Semaphore, ServiceBuilder } from "@sluice/core";
import { collectGarbage, turn, unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { LRUCache } from "lru-cache";
import QuickLRU from "quick-lru";
import { lru } from "tiny-lru";
import { describe, expect, test } from "vitest";
import { cache, type CacheEntry, type CacheOptions, type CacheStore } from "../src/index.ts";

const settle = async (): Promise<void> => {
  for (let step = 0; step < 20; step++) await Promise.resolve();
};

/** A cache over a mock service, whose key is the first letter of a request. */
function setUp(options: Partial<CacheOptions<string, string>> = {}) {
  const clock = new VirtualClock();
  const [inner, handle] = mockService<string, string>();
  const layer = cache<string, string>({ key: (request) => request[0], ttl: 10, ...options, clock });
  const service = new ServiceBuilder().layer(layer).service(inner);
  const fill = async (request: string, answer: string): Promise<void> => {
    const call = service.call(request);
    (await handle.nextRequest()).respond(answer);
    await call;
  };
  return { clock, handle, layer, service, fill };
}

/** What becomes of `promise` in a while. */
async function becomes(promise: Promise<string>): Promise<string> {
  return Promise.race([promise.catch((error: unknown) => `fails: ${String(error)}`), settle().then(() => "waits")]);
}

describe("RFC 5861: with ttl 10, staleWhileRevalidate 20 and staleIfError 40,", () => {
  const inside = ["answers", "fails", "has no room", "is not ready"] as const;
  const table: readonly [age: number, readonly [answer: string, calls: number][]][] = [
    [
      5,
      [
        ["old", 0],
        ["old", 0],
        ["old", 0],
        ["old", 0],
      ],
    ],
    [
      9.5,
      [
        ["old", 0],
        ["old", 0],
        ["old", 0],
        ["old", 0],
      ],
    ],
    [
      10,
      [
        ["old", 1],
        ["old", 1],
        ["old", 0],
        ["old", 0],
      ],
    ],
    [
      29.5,
      [
        ["old", 1],
        ["old", 1],
        ["old", 0],
        ["old", 0],
      ],
    ],
    [
      30,
      [
        ["new", 1],
        ["old", 1],
        ["old", 0],
        ["old", 0],
      ],
    ],
    [
      49.5,
      [
        ["new", 1],
        ["old", 1],
        ["old", 0],
        ["old", 0],
      ],
    ],
    [
      50,
      [
        ["new", 1],
        ["fails: down", 1],
        ["waits", 0],
        ["fails: not ready", 0],
      ],
    ],
  ];
  const cells = table.flatMap(([age, outcomes]) =>
    outcomes.map(([answer, calls], index) => [age, inside[index]!, answer, calls] as const),
  );
  test.each(cells)(
    "at an age of %d ms, where the service inside %s: %s, after %d calls",
    async (age, how, expected, calls) => {
      const { clock, handle, service, fill } = setUp({ staleWhileRevalidate: 20, staleIfError: 40 });
      await fill("a", "old");
      await clock.advance(age);
      if (how === "has no room") handle.allow(0);
      if (how === "is not ready") handle.sendFailure("not ready");
      const answer = service.call("a");
      if (handle.calls > 1) {
        const request = await handle.nextRequest();
        if (how === "fails") request.fail("down");
        else request.respond("new");
      }
      expect(await becomes(answer)).toBe(expected);
      expect(handle.calls - 1).toBe(calls);
    },
  );
});

describe("where readiness is waited for, with ttl 10 and staleIfError 40,", () => {
  test.each([
    [5, "old"],
    [30, "old"],
    [50, "new"],
  ])("an entry of %d ms: without room the permit gives the %s answer", async (age, expected) => {
    const { clock, handle, service, fill } = setUp({ staleIfError: 40 });
    await fill("a", "old");
    await clock.advance(age);
    handle.allow(0);
    const ready = service.ready({ request: "a" });
    await settle();
    expect(handle.waiting).toBe(expected === "old" ? 0 : 1);
    handle.allow(1);
    const answer = (await ready).call("a");
    if (expected === "new") (await handle.nextRequest()).respond("new");
    expect(await answer).toBe(expected);
  });

  test("who waits in line is told when the service inside fails to be ready", async () => {
    const { handle, service } = setUp();
    handle.allow(0);
    const ready = service.ready({ request: "a" });
    await settle();
    handle.sendFailure("down");
    await expect(ready).rejects.toBe("down");
  });

  test("a blind caller waits for room, and no key is asked for", async () => {
    const { handle, service } = setUp();
    handle.allow(0);
    // The key of no request would throw.
    const ready = service.ready();
    await settle();
    handle.allow(1);
    const answer = (await ready).call("a");
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
  });
});

describe("promise 1: there is at most one call in flight for a key", () => {
  test("a thousand misses of one key make one call, and a thousand hits none", async () => {
    const { service, handle, layer } = setUp();
    const misses = Array.from({ length: 1_000 }, () => service.call("a"));
    (await handle.nextRequest()).respond("A");
    await Promise.all(misses);
    await Promise.all(Array.from({ length: 1_000 }, () => service.call("a")));
    expect(handle.calls).toBe(1);
    expect(layer).toMatchObject({ hits: 1_000, misses: 1_000, joined: 999, inFlight: 0, stale: 0 });
  });

  test("a thousand stale hits make one refresh", async () => {
    const { clock, service, handle, layer, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "old");
    await clock.advance(15);
    const permits = [service.tryReady("a"), service.tryReady("a")];
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => service.call("a")));
    expect(new Set(answers)).toEqual(new Set(["old"]));
    for (const held of permits) expect(await held!.call("a")).toBe("old");
    expect(handle).toMatchObject({ calls: 2, reserved: 0 });
    expect(layer.refreshes).toBe(1);
  });

  test("a permit that held room for a refresh gives it back when another has refreshed since", async () => {
    const { clock, service, handle, layer, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "old");
    await clock.advance(15);
    const [one, other] = [service.tryReady("a"), service.tryReady("a")];
    expect(await one!.call("a")).toBe("old");
    (await handle.nextRequest()).respond("new");
    await settle();
    expect(await service.call("a")).toBe("new");
    expect(await other!.call("a")).toBe("old");
    expect(handle).toMatchObject({ calls: 2, reserved: 0 });
    expect(layer).toMatchObject({ refreshes: 1, failedRefreshes: 0 });
  });

  test("… or when the entry has been deleted since", async () => {
    const { clock, service, handle, layer, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "old");
    await clock.advance(15);
    const held = service.tryReady("a");
    layer.delete("a");
    expect(await held!.call("a")).toBe("old");
    expect(handle).toMatchObject({ calls: 1, reserved: 0 });
    expect(layer.refreshes).toBe(0);
  });

  test("a hit that holds no room makes no refresh: a fresh one, and a stale one where there is none", async () => {
    const { clock, service, handle, layer, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "old");
    expect(await service.call("a")).toBe("old");
    await clock.advance(15);
    handle.allow(0);
    expect(await service.call("a")).toBe("old");
    await settle();
    expect(layer).toMatchObject({ hits: 2, stale: 1, refreshes: 0, failedRefreshes: 0 });
  });
});

describe("promise 5: a failure is kept by nobody", () => {
  test("the next call asks again", async () => {
    const { service, handle, fill } = setUp();
    const first = service.call("a");
    (await handle.nextRequest()).fail("down");
    await expect(first).rejects.toBe("down");
    await fill("a", "A");
    expect(await service.call("a")).toBe("A");
    expect(handle.calls).toBe(2);
  });

  test("a caller's own abort is answered with its reason, and not with a stale entry", async () => {
    const { clock, service, handle, fill } = setUp({ staleIfError: 40 });
    await fill("a", "old");
    await clock.advance(20);
    const controller = new AbortController();
    const call = service.call("a", { signal: controller.signal });
    controller.abort("mine");
    await expect(call).rejects.toBe("mine");
    expect((await handle.nextRequest()).options.signal?.aborted).toBe(true);
  });

  test("a failure after the entry's time has ended is the answer", async () => {
    const { clock, service, handle, fill } = setUp({ staleIfError: 40 });
    await fill("a", "old");
    await clock.advance(49);
    const call = service.call("a");
    await clock.advance(1);
    (await handle.nextRequest()).fail("down");
    await expect(call).rejects.toBe("down");
  });
});

describe("promise 6: a permit's answer is of the entry that was there when it was reserved", () => {
  test("also when that has been forgotten, or is past its time", async () => {
    const { clock, service, handle, layer, fill } = setUp();
    await fill("a", "A");
    const held = service.tryReady("a");
    layer.delete("a");
    await clock.advance(100);
    expect(await held!.call("a2")).toBe("A");
    expect(handle.calls).toBe(1);
  });

  test("also where the call that it makes fails, and the entry was deleted meanwhile", async () => {
    const { clock, service, handle, layer, fill } = setUp({ staleIfError: 40 });
    await fill("a", "old");
    await clock.advance(20);
    const held = service.tryReady("a");
    layer.delete("a");
    const answer = held!.call("a");
    (await handle.nextRequest()).fail("down");
    expect(await answer).toBe("old");
  });

  test("a permit for a miss that is spent on another key asks for that one", async () => {
    const { service, handle, fill } = setUp();
    const held = service.tryReady("a");
    await fill("a", "A");
    const answer = held!.call("b");
    (await handle.nextRequest()).respond("B");
    expect(await answer).toBe("B");
    expect([await service.call("a"), await service.call("b")]).toEqual(["A", "B"]);
  });

  test("a blind permit that is spent on a request that is undefined has its key all the same", async () => {
    let calls = 0;
    const service = new ServiceBuilder()
      .layer(cache({ key: () => "all", ttl: 10 }))
      .serviceFn(async (_request: void) => ++calls);
    expect(await service.tryReady()!.call(undefined)).toBe(1);
    expect(await service.tryReady()!.call(undefined)).toBe(1);
  });

  test("spent on another key it is exchanged: that key is tried once, and what was held for a refresh is given back", async () => {
    const { clock, service, handle, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "A");
    await fill("b", "B");
    await clock.advance(15);
    const [one, other] = [service.tryReady("a"), service.tryReady("a")];
    expect(handle.reserved).toBe(2);
    expect(await one!.call("b")).toBe("B");
    (await handle.nextRequest()).respond("B2"); // b is stale, too
    await settle();
    // What it held for the refresh is free again, and the other key has it.
    handle.allow(0);
    const exchanged = other!.call("c");
    (await handle.nextRequest()).respond("C");
    expect(await exchanged).toBe("C");
    const third = service.tryReady("a");
    const refused: unknown = await third!.call("d").catch((error: unknown) => error);
    expect(isOverloadedError(refused)).toBe(true);
    expect(handle).toMatchObject({ calls: 4, reserved: 0 });
  });

  test("a permit for a miss is answered by what was kept since, and gives back what it held", async () => {
    const { service, handle, fill } = setUp();
    const [held, blind] = [service.tryReady("a"), service.tryReady()];
    await fill("a", "A");
    expect(await held!.call("a")).toBe("A");
    expect(await blind!.call("a")).toBe("A");
    expect(handle).toMatchObject({ calls: 1, reserved: 0 });
  });

  test("released, it gives back what it held", async () => {
    const { clock, service, handle, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "A");
    await clock.advance(15);
    for (const request of ["a", "b"]) service.tryReady(request)?.release();
    expect(handle.reserved).toBe(0);
  });
});

test("promise 7: a hit is ready whatever the service inside says, and adds one microtask", async () => {
  const { service, handle, fill } = setUp();
  await fill("a", "A");
  handle.allow(0);
  let answer: string | undefined;
  void service.call("a").then((value) => (answer = value));
  expect(answer).toBeUndefined();
  await Promise.resolve();
  expect(answer).toBe("A");
  expect(handle.waiting).toBe(0);
  (await service.ready({ request: "a" })).release();
});

describe("promise 8: a refresh never waits in line, and never rejects unhandled", () => {
  test("its failure is counted, and the limits outside count its work until it has ended", async () => {
    const { clock, service, handle, layer, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "old");
    await clock.advance(15);
    const work: Promise<unknown>[] = [];
    const controller = new AbortController();
    const options = { signal: controller.signal, waitUntil: (promise: Promise<unknown>) => void work.push(promise) };
    expect(await service.call("a", options)).toBe("old");
    controller.abort();
    const request = await handle.nextRequest();
    expect(request.options.signal).toBeUndefined();
    request.fail(new Error("down"));
    expect(work.length).toBe(1);
    await Promise.all(work);
    expect(layer).toMatchObject({ refreshes: 1, failedRefreshes: 1, stale: 1, hits: 1 });
  });

  test("what the service inside hands up during a refresh reaches the limits outside, too", async () => {
    const { clock, service, handle, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "old");
    await clock.advance(15);
    const work: Promise<unknown>[] = [];
    await service.call("a", { waitUntil: (promise) => void work.push(promise) });
    const { options, respond } = await handle.nextRequest();
    const body = Promise.resolve("body");
    options.waitUntil?.(body);
    respond("new");
    await settle();
    expect(work).toContain(body);
  });

  test("its answer is what is given from then on", async () => {
    const { clock, service, handle, fill } = setUp({ staleWhileRevalidate: 20 });
    await fill("a", "old");
    await clock.advance(15);
    await service.call("a");
    (await handle.nextRequest()).respond("new");
    await settle();
    expect(await service.call("a")).toBe("new");
    expect(handle.calls).toBe(2);
  });
});

test("without a key a failure that nobody looks at is reported, and one that somebody looks at is not", async () => {
  const failure = new Error("down");
  const service = new ServiceBuilder()
    .layer(cache({ key: () => undefined, ttl: 10 }))
    // It observes its calls at the side, so that a promise inside counts as handled.
    .layer(gate(new Semaphore(1), { name: "limit" }))
    .serviceFn((_request: string) => Promise.reject(failure));
  expect(await unhandledIn(() => void service.call("a"))).toEqual([failure]);
  expect(await unhandledIn(() => service.call("a").catch(() => {}))).toEqual([]);
});

test("promise 9: without a key a request is called on its own, and its answer is not kept", async () => {
  const asked: unknown[] = [];
  const store = { get: (key: unknown): undefined => void asked.push(key), set: () => {}, delete: () => {} };
  const { service, handle, layer, fill } = setUp({ key: () => undefined, store });
  await fill("a", "1");
  await fill("a", "2");
  expect(handle.calls).toBe(2);
  expect(layer).toMatchObject({ hits: 0, misses: 0 });
  service.tryReady("a")?.release();
  handle.allow(0);
  const waiting = service.call("a");
  expect(handle.waiting).toBe(1);
  handle.allow(1);
  (await handle.nextRequest()).respond("3");
  expect(await waiting).toBe("3");
  // It knows no key of which to ask for an answer.
  expect(asked).toEqual([]);
});

describe("promise 10: an entry is never replaced by an older one", () => {
  test("a call that was abandoned and answers late does not replace what a later one brought", async () => {
    const { service, handle, fill } = setUp();
    const controller = new AbortController();
    const abandoned = service.call("a", { signal: controller.signal });
    controller.abort("gone");
    await expect(abandoned).rejects.toBe("gone");
    const late = await handle.nextRequest();
    await fill("a", "new");
    late.respond("old");
    await settle();
    expect(await service.call("a")).toBe("new");
  });

  test.each(["delete", "clear"] as const)(
    "what was in flight at a %s is not kept, also where nobody asks again",
    async (how) => {
      const { service, handle, layer, fill } = setUp();
      const first = service.call("a");
      layer[how]("a");
      (await handle.nextRequest()).respond("outdated");
      expect(await first).toBe("outdated");
      await fill("a", "new");
      expect(await service.call("a")).toBe("new");
      expect(handle.calls).toBe(2);
    },
  );

  test("-0 is 0, as in a Map: what is in flight for the one is not kept after a delete of the other", async () => {
    const { service, handle, layer, fill } = setUp({ key: () => 0 });
    const first = service.call("a");
    layer.delete(-0);
    (await handle.nextRequest()).respond("outdated");
    expect(await first).toBe("outdated");
    await fill("a", "new");
    expect(handle.calls).toBe(2);
  });

  test("a delete of one key leaves what is in flight for another, which is joined and kept", async () => {
    const { service, handle, layer } = setUp();
    const answers = [service.call("b")];
    layer.delete("a");
    answers.push(service.call("b"));
    (await handle.nextRequest()).respond("B");
    expect(await Promise.all(answers)).toEqual(["B", "B"]);
    expect(await service.call("b")).toBe("B");
    expect(handle.calls).toBe(1);
  });

  test("what was in flight at a delete ends without taking the place of what has begun since", async () => {
    const { service, handle, layer } = setUp();
    const first = service.call("a");
    layer.delete("a");
    const second = service.call("a");
    expect(layer.inFlight).toBe(1);
    (await handle.nextRequest()).respond("old");
    expect(await first).toBe("old");
    expect(layer.inFlight).toBe(1);
    const third = service.call("a");
    (await handle.nextRequest()).respond("new");
    expect(await Promise.all([second, third])).toEqual(["new", "new"]);
    expect(handle.calls).toBe(2);
    expect(layer.inFlight).toBe(0);
  });

  test("a delete while work goes on that all have left is no mistake", async () => {
    const { service, layer } = setUp();
    const controller = new AbortController();
    const left = service.call("a", { signal: controller.signal });
    controller.abort("gone");
    await expect(left).rejects.toBe("gone");
    expect(() => layer.delete("a")).not.toThrow();
    expect(layer.inFlight).toBe(0);
  });

  test.each(["delete", "clear"] as const)(
    "what was in flight at a %s is not kept, and a newcomer begins another call",
    async (how) => {
      const { service, handle, layer, fill } = setUp();
      await fill("b", "B");
      const first = service.call("a");
      if (how === "delete") layer.delete("a");
      else layer.clear();
      const second = service.call("a");
      expect(handle.calls).toBe(3);
      const [outdated, current] = [await handle.nextRequest(), await handle.nextRequest()];
      current.respond("new");
      outdated.respond("old");
      expect(await Promise.all([first, second])).toEqual(["old", "new"]);
      expect(await service.call("a")).toBe("new");
      const other = service.call("b");
      if (how === "clear") (await handle.nextRequest()).respond("B2");
      expect(await other).toBe(how === "clear" ? "B2" : "B");
    },
  );
});

describe("a store", () => {
  test("has limits of its own: a max beside it would bound nothing, and is refused", () => {
    expect(() => cache({ key: String, ttl: 1, store: new Map(), max: 100 })).toThrow(
      new TypeError("cache: max must not go with a store; received 100"),
    );
  });

  const stores: readonly [string, () => CacheStore<CacheEntry<string>>][] = [
    ["lru-cache", () => new LRUCache<string, CacheEntry<string>>({ max: 2 })],
    ["quick-lru", () => new QuickLRU<string, CacheEntry<string>>({ maxSize: 2 })],
    ["tiny-lru", () => lru<CacheEntry<string>>(2)],
    ["Map", () => new Map<string, CacheEntry<string>>()],
  ];
  test("that a layer made later goes on with keeps the answers of that one, too", async () => {
    const store = new Map<string, CacheEntry<string>>();
    const before = setUp({ store });
    for (const request of ["a", "b", "c"]) await before.fill(request, "old");
    const after = setUp({ store });
    await after.clock.advance(10);
    await after.fill("c", "new");
    expect(await becomes(after.service.call("c"))).toBe("new");
    expect(after.layer).toMatchObject({ hits: 1, misses: 1 });
  });

  test.each(stores)("may be a %s", async (_name, make) => {
    const { clock, service, handle, layer, fill } = setUp({ store: make() });
    await fill("a", "A");
    expect(await service.call("a")).toBe("A");
    layer.delete("a");
    await fill("a", "A2");
    expect(await service.call("a")).toBe("A2");
    await clock.advance(10);
    await fill("a", "A3");
    layer.clear();
    await fill("a", "A4");
    expect(handle.calls).toBe(4);
  });

  test("by default drops the entry that was not used for longest", async () => {
    const { service, handle, fill } = setUp({ max: 2 });
    await fill("a", "A");
    await fill("b", "B");
    expect(await service.call("a")).toBe("A");
    await fill("c", "C");
    expect(await service.call("a")).toBe("A");
    await fill("b", "B2");
    expect(handle.calls).toBe(4);
  });

  test("by default an entry that was deleted, or replaced, takes nobody's place", async () => {
    const { clock, service, handle, layer, fill } = setUp({ max: 2 });
    for (const each of ["a", "b"]) await fill(each, each);
    layer.delete("a");
    for (const each of ["c", "d"]) await fill(each, each);
    // Of b, c and d the oldest has gone.
    expect([await service.call("c"), await service.call("d")]).toEqual(["c", "d"]);
    await fill("b", "b2");
    expect(handle.calls).toBe(5);
    await clock.advance(5);
    layer.clear();
    await fill("a", "a");
    await clock.advance(5);
    await fill("b", "b");
    await clock.advance(5);
    await fill("a", "a2");
    expect([await service.call("a"), await service.call("b")]).toEqual(["a2", "b"]);
    expect(handle.calls).toBe(8);
  });

  test("without clear keeps its entries, and what is in flight is forgotten", async () => {
    const map = new Map<unknown, CacheEntry<string>>();
    const store = {
      get: (key: unknown) => map.get(key),
      set: (key: unknown, entry: CacheEntry<string>) => map.set(key, entry),
      delete: (key: unknown) => map.delete(key),
    };
    const { service, handle, layer, fill } = setUp({ store });
    await fill("a", "A");
    const b = service.call("b");
    layer.clear();
    (await handle.nextRequest()).respond("B");
    await b;
    expect(await service.call("a")).toBe("A");
    await fill("b", "B2");
    expect(handle.calls).toBe(3);
  });

  test("that throws is reported, and costs nobody an answer", async () => {
    const fails = (what: string) => (): never => {
      throw new Error(what);
    };
    const reported = await unhandledIn(async () => {
      const { service, handle } = setUp({ store: { get: fails("get"), set: fails("set"), delete: fails("delete") } });
      const call = service.call("a");
      expect(handle.calls).toBe(1);
      await turn();
      (await handle.nextRequest()).respond("A");
      expect(await call).toBe("A");
    });
    expect(reported.length).toBeGreaterThan(1);
    expect(new Set(reported.map(String))).toEqual(new Set(["Error: get"]));
    const kept = await unhandledIn(async () => {
      const { fill } = setUp({ store: { get: () => undefined, set: fails("set"), delete: fails("delete") } });
      await fill("a", "A");
    });
    expect(kept.map(String)).toEqual(["Error: set"]);
  });
});

describe("cacheIf", () => {
  test("that throws keeps nothing, and is reported", async () => {
    const failure = new Error("not decided");
    const reported = await unhandledIn(async () => {
      const { handle, fill } = setUp({
        cacheIf: () => {
          throw failure;
        },
      });
      await fill("a", "A");
      await fill("a", "A2");
      expect(handle.calls).toBe(2);
    });
    expect(reported).toEqual([failure, failure]);
  });

  test("says what is kept", async () => {
    const cacheIf = (response: string, request: string): boolean => response === "A" && request === "a";
    const { service, handle, fill } = setUp({ cacheIf });
    await fill("a", "not yet");
    await fill("a", "A");
    expect(await service.call("a")).toBe("A");
    expect(handle.calls).toBe(2);
  });
});

test("webext-storage-cache #49, node-cached #16: hits and misses are announced, and a refresh that fails is no unhandled rejection", async () => {
  const heard: LayerEvent[] = [];
  const subscription = events.subscribe((event) => heard.push(event));
  const { clock, service, handle, fill } = setUp({ staleWhileRevalidate: 20, staleIfError: 40, label: "prices" });
  await clock.advance(7);
  const permit = service.tryReady("a");
  await fill("a", "A");
  await permit!.call("a");
  await service.call("a");
  await clock.advance(15);
  await service.call("a");
  (await handle.nextRequest()).fail(new Error("down"));
  await clock.advance(16);
  const failing = service.call("a");
  (await handle.nextRequest()).fail(new Error("down"));
  await failing;
  handle.allow(0);
  await service.call("a");
  await turn();
  subscription[Symbol.dispose]();
  const about = { layer: "cache", label: "prices", source: heard[0]!.source };
  expect(heard).toEqual([
    { type: "miss", ...about },
    { type: "hit", use: "fresh", age: 0, ...about },
    { type: "hit", use: "fresh", age: 0, ...about },
    { type: "hit", use: "stale-while-revalidate", age: 15, ...about },
    { type: "miss", ...about },
    { type: "hit", use: "stale-if-error", age: 31, ...about },
    { type: "hit", use: "stale-if-error", age: 31, ...about },
  ]);
});

test("it says of itself for how long it keeps answers, and its counters are what a logger needs", () => {
  const layer = cache({ key: String, ttl: 10, staleWhileRevalidate: 20, staleIfError: 40, label: "prices" });
  expect(layer.about).toEqual({
    label: "prices",
    traits: ["answers"],
    facts: { ttl: 10, staleWhileRevalidate: 20, staleIfError: 40 },
  });
  expect(JSON.parse(JSON.stringify(layer))).toEqual({
    name: "cache",
    label: "prices",
    hits: 0,
    stale: 0,
    misses: 0,
    refreshes: 0,
    failedRefreshes: 0,
    inFlight: 0,
    joined: 0,
  });
});

test("an answer gets no younger when the clock is set back", async () => {
  let now = 1_000_000;
  const clock = { now: () => now, setTimeout: () => 0, clearTimeout: () => {} };
  let calls = 0;
  const layer = cache({ key: String, ttl: 10, clock });
  const service = new ServiceBuilder().layer(layer).serviceFn((_request: string) => ++calls);
  await service.call("a");
  now += 5;
  await service.call("a");
  now -= 900_000;
  await service.call("a");
  expect(calls).toBe(1);
  now += 5;
  expect(await service.call("a")).toBe(2);
});

test("nothing is kept of a key whose calls failed, or were not to be kept", async () => {
  const layer = cache({ key: (request: object) => request, ttl: 10, cacheIf: () => false });
  const service = new ServiceBuilder().layer(layer).serviceFn(async (request: { id: string }) => {
    if (request.id === "fails") throw new Error("down");
    return request.id.length;
  });
  const keys = ["fails", "is not kept"].map((id) => {
    const request = { id };
    service.call(request).catch(() => {});
    return new WeakRef(request);
  });
  await turn();
  collectGarbage();
  expect(keys.map((key) => key.deref())).toEqual([undefined, undefined]);
  expect(layer).toMatchObject({ misses: 2, inFlight: 0 });
});

describe("bad options are refused, by their names", () => {
  test.each<readonly [message: string, options: object]>([
    ["key must be a function; received 5", { key: 5 }],
    ["ttl must be a number of 0 or more and at most 2147483647; received undefined", { ttl: undefined }],
    [
      "staleWhileRevalidate must be a number of 0 or more and at most 2147483647; received -1",
      { staleWhileRevalidate: -1 },
    ],
    ["staleIfError must be a number of 0 or more and at most 2147483647; received -1", { staleIfError: -1 }],
    ["max must be a whole number of 1 or more and at most 9007199254740991; received 1.5", { max: 1.5 }],
    ["max must be a whole number of 1 or more and at most 9007199254740991; received 0", { max: 0 }],
    ["store must be a store (with get, set, delete); received an object", { store: { get() {}, set() {} } }],
    ["cacheIf must be a function; received 5", { cacheIf: 5 }],
    ["tll is not an option; did you mean ttl?", { tll: 5 }],
  ])("%s", (message, options) => {
    expect(() => cache({ key: String, ttl: 1, ...options })).toThrow(`cache: ${message}`);
  });

  test("a promise as a key is refused by name", () => {
    const { service } = setUp({ key: async () => "a" });
    expect(() => service.tryReady("a")).toThrow("cache: what key returns must be a key, and not a promise of one");
  });
});

test("a key that throws is a failure of readiness", async () => {
  const { service } = setUp({
    key: () => {
      throw new Error("no key");
    },
  });
  expect(() => service.tryReady("a")).toThrow("no key");
  await expect(service.ready({ request: "a" })).rejects.toThrow("no key");
});

import { events, gate, isOverloadedError, type LayerEvent, Semaphore, ServiceBuilder } from "@sluice/core";
import { unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { LRUCache } from "lru-cache";
import QuickLRU from "quick-lru";
import { lru } from "tiny-lru";
import { describe, expect, test } from "vitest";
import { cache, type CacheEntry, type CacheOptions, type CacheStore } from "../src/index.ts";

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
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
  const { service, handle, fill } = setUp({ key: () => undefined });
  await fill("a", "1");
  await fill("a", "2");
  expect(handle.calls).toBe(2);
  service.tryReady("a")?.release();
  handle.allow(0);
  const waiting = service.call("a");
  expect(handle.waiting).toBe(1);
  handle.allow(1);
  (await handle.nextRequest()).respond("3");
  expect(await waiting).toBe("3");
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

  test("that throws is reported, and costs nobody an answer", async () => {
    const fails = (): never => {
      throw new Error("disk full");
    };
    const reported = await unhandledIn(async () => {
      const { service, handle } = setUp({ store: { get: fails, set: fails, delete: fails } });
      const call = service.call("a");
      (await handle.nextRequest()).respond("A");
      expect(await call).toBe("A");
    });
    expect(new Set(reported.map(String))).toEqual(new Set(["Error: disk full"]));
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
  const { clock, service, handle, fill } = setUp({ staleWhileRevalidate: 20, label: "prices" });
  await fill("a", "A");
  await service.call("a");
  await clock.advance(15);
  await service.call("a");
  (await handle.nextRequest()).fail(new Error("down"));
  await new Promise(setImmediate);
  subscription[Symbol.dispose]();
  expect(heard).toMatchObject([
    { type: "miss", layer: "cache", label: "prices" },
    { type: "hit", use: "fresh", age: 0 },
    { type: "hit", use: "stale-while-revalidate", age: 15 },
  ]);
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

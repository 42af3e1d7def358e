import { AsyncLocalStorage } from "node:async_hooks";
import {
  events,
  gate,
  isOverloadedError,
  type LayerEvent,
  OverloadedError,
  Semaphore,
  ServiceBuilder,
  type WaitingLine,
} from "@sluice/core";
import { collectGarbage, hops, turn, watch } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { priorityLine, type PriorityLineOptions } from "../src/index.ts";

interface Ask {
  readonly level: number;
  readonly name?: string;
}

/** Lets everything settle that can. */
const settle = (): Promise<void> => new VirtualClock().advance(0);

interface Made {
  readonly clock: VirtualClock;
  readonly line: WaitingLine<string, Ask, unknown>;
  readonly levels: ReturnType<typeof priorityLine>["levels"];
  /** How often the line has asked to be served. */
  readonly asked: () => number;
}

function made(options: Partial<PriorityLineOptions<Ask>> = {}): Made {
  const clock = new VirtualClock();
  const make = priorityLine<Ask>({ priority: ({ level }) => level, clock, ...options });
  let asked = 0;
  const line = make<string>(() => {
    asked++;
  });
  return { clock, line, levels: make.levels, asked: () => asked };
}

/** Who is served, in order, by so many grants. */
async function servedBy(
  line: WaitingLine<string, Ask, unknown>,
  names: readonly (readonly [string, number])[],
  grants: number,
) {
  const order: string[] = [];
  for (const [name, level] of names) {
    line.join({ request: { level, name } }).then(
      () => order.push(name),
      () => {},
    );
  }
  for (let grant = 0; grant < grants; grant++) line.grant("a slot");
  await settle();
  return order;
}

/** What a promise was refused with. */
async function refusal(waiting: Promise<unknown>): Promise<unknown> {
  await settle();
  const [state, reason] = watched.get(waiting)?.() ?? ["unknown"];
  return state === "broken" ? reason : state;
}
const watched = new Map<Promise<unknown>, ReturnType<typeof watch>>();
function joining(line: WaitingLine<string, Ask, unknown>, level: number, signal?: AbortSignal): Promise<string> {
  const waiting = line.join({ request: { level }, signal });
  watched.set(waiting, watch(waiting));
  return waiting;
}

describe("promise 1: within a level", () => {
  test("first come, first served", async () => {
    const { line } = made({ share: 0 });
    const names = [
      ["a", 1],
      ["b", 0],
      ["c", 1],
      ["d", 0],
      ["e", 3],
    ] as const;
    expect(await servedBy(line, names, 5)).toEqual(["b", "d", "a", "c", "e"]);
    expect(line.size).toBe(0);
  });

  test("with adaptive-lifo the newest is first once the line has not been empty for 100 ms", async () => {
    const { clock, line } = made({ order: "adaptive-lifo", levels: 1 });
    expect(
      await servedBy(
        line,
        [
          ["a", 0],
          ["b", 0],
          ["c", 0],
          ["d", 0],
        ],
        1,
      ),
    ).toEqual(["a"]);
    await clock.advance(99);
    expect(await servedBy(line, [], 1)).toEqual([]);
    await clock.advance(1);
    const order: string[] = [];
    void line.join({ request: { level: 0 } }).then(() => order.push("e"));
    line.grant("a slot");
    await settle();
    expect(order).toEqual(["e"]);
    // Empty once, it begins anew.
    line.grant("a slot");
    line.grant("a slot");
    expect(line.size).toBe(0);
    expect(
      await servedBy(
        line,
        [
          ["f", 0],
          ["g", 0],
        ],
        1,
      ),
    ).toEqual(["f"]);
    expect(clock.pending).toBe(0);
  });

  test("and the interval is that of codel, where there is one", async () => {
    const { clock, line } = made({ order: "adaptive-lifo", levels: 1, codel: { target: 1_000, interval: 10 } });
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) void line.join({ request: { level: 0 } }).then(() => order.push(name));
    await clock.advance(10);
    line.grant("a slot");
    await settle();
    expect(order).toEqual(["c"]);
  });

  test("with fifo first come, first served also under overload", async () => {
    const { clock, line } = made({ levels: 1, codel: { target: 1_000, interval: 10 } });
    const order: string[] = [];
    for (const name of ["a", "b"]) void line.join({ request: { level: 0 } }).then(() => order.push(name));
    await clock.advance(10);
    line.grant("a slot");
    line.grant("a slot");
    await settle();
    expect(order).toEqual(["a", "b"]);
  });

  test("with adaptive-lifo the share goes to those who have waited longest, also under overload", async () => {
    const { clock, line } = made({ order: "adaptive-lifo", share: 1 });
    const order: string[] = [];
    for (const name of ["old", "new"]) void line.join({ request: { level: 3 } }).then(() => order.push(name));
    void line.join({ request: { level: 0 } });
    await clock.advance(100);
    line.grant("a slot");
    await settle();
    expect(order).toEqual(["old"]);
  });
});

describe("promise 2: nobody more important waits while somebody less important is let in", () => {
  test("of a newcomer it is known who comes before", () => {
    const { line } = made();
    expect(line.blocks({ level: 3 })).toBe(false);
    void line.join({ request: { level: 2 } });
    expect([0, 1, 2, 3].map((level) => line.blocks({ level }))).toEqual([false, false, true, true]);
    // A blind reservation is as important as any.
    expect(line.blocks()).toBe(false);
    void line.join({});
    expect([0, 1, 2, 3].map((level) => line.blocks({ level }))).toEqual([true, true, true, true]);
  });

  test("but for the share: of ten grants one goes to whoever has waited longest of those behind", async () => {
    const { line } = made();
    const names = [
      ["behind 3", 3],
      ["behind 1", 1],
      ...Array.from({ length: 25 }, (_, nth) => [`top ${nth}`, 0] as const),
    ] as const;
    const order = await servedBy(line, names, 20);
    expect([order.indexOf("behind 3"), order.indexOf("behind 1")]).toEqual([9, 19]);
  });

  test("longest is who came first, and not who is least important", async () => {
    const { line } = made({ share: 1 });
    const names = [
      ["behind 1", 1],
      ["behind 3", 3],
      ["top", 0],
    ] as const;
    expect(await servedBy(line, names, 3)).toEqual(["behind 1", "behind 3", "top"]);
  });

  test("whatever comes and goes, of any k grants while others wait, ⌊k · share⌋ at least go to those behind", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ level: fc.integer({ min: 0, max: 3 }), grants: fc.integer({ min: 0, max: 3 }) }), {
          minLength: 50,
          maxLength: 200,
        }),
        fc.constantFrom(0, 0.1, 0.25, 1 / 3, 0.5, 1),
        (steps, share) => {
          const { line, levels } = made({ share });
          /** For each grant while others waited behind: whether it went to one of them. */
          const theirs: boolean[] = [];
          let misserved = false;
          const waiting = (): readonly number[] => levels.map((level) => level.waiting);
          for (const { level, grants } of steps) {
            void line.join({ request: { level } });
            for (let grant = 0; grant < grants && line.size > 0; grant++) {
              const before = waiting();
              line.grant("a slot");
              const served = waiting().findIndex((count, at) => count < before[at]!);
              const top = before.findIndex((count) => count > 0);
              if (before.some((count, at) => at > top && count > 0)) theirs.push(served > top);
              else misserved ||= served !== top;
            }
          }
          expect(misserved).toBe(false);
          for (let from = 0; from < theirs.length; from += 7) {
            for (let k = 1; from + k <= theirs.length; k += 3) {
              const given = theirs.slice(from, from + k).filter(Boolean).length;
              expect(given).toBeGreaterThanOrEqual(Math.floor(k * share + 1e-9));
              expect(given).toBeLessThanOrEqual(Math.ceil(k * share - 1e-9));
            }
          }
        },
      ),
    );
  });
});

describe("promise 3: nobody waits for ever", () => {
  test("boxel #5572: under a flood of level 0, one of level 3 is served within (those behind) / share grants", () => {
    for (const [behind, share] of [
      [1, 0.1],
      [5, 0.1],
      [3, 0.25],
    ] as const) {
      const { levels, line } = made({ share });
      for (let nth = 0; nth < behind; nth++) void line.join({ request: { level: 3 } });
      let grants = 0;
      while (levels[3]!.granted < behind) {
        void line.join({ request: { level: 0 } });
        void line.join({ request: { level: 0 } });
        line.grant("a slot");
        grants++;
      }
      expect(grants).toBeLessThanOrEqual(behind / share);
    }
  });

  test("with a share of 0 it waits for as long as the flood lasts", async () => {
    const { line, levels } = made({ share: 0 });
    void line.join({ request: { level: 3 } });
    for (let grant = 0; grant < 100; grant++) {
      void line.join({ request: { level: 0 } });
      line.grant("a slot");
    }
    expect(levels[3]?.waiting).toBe(1);
    line.grant("a slot");
    expect(levels[3]?.granted).toBe(1);
  });
});

describe("promise 4: leaving takes constant time, from anywhere", () => {
  test("fifty thousand callers join, and leave in an order of their own", async () => {
    const { line } = made();
    const controllers = Array.from({ length: 50_000 }, () => new AbortController());
    const ends = controllers.map(({ signal }, nth) => line.join({ request: { level: nth % 4 }, signal }));
    const settled = Promise.allSettled(ends);
    // Without a reason each makes an error with a stack trace.
    for (let nth = 0; nth < controllers.length; nth++) controllers[(nth * 7_919) % controllers.length]?.abort("enough");
    expect(line.size).toBe(0);
    expect((await settled).every(({ status }) => status === "rejected")).toBe(true);
  });

  test("who leaves is told at once, with its own reason, and may let somebody be served", async () => {
    const { line, asked, levels } = made();
    const controller = new AbortController();
    const waiting = joining(line, 2, controller.signal);
    const before = asked();
    const reason = new Error("enough");
    controller.abort(reason);
    expect(line.size).toBe(0);
    expect(asked()).toBe(before + 1);
    expect(await refusal(waiting)).toBe(reason);
    expect(await refusal(joining(line, 2, AbortSignal.abort(reason)))).toBe(reason);
    expect(levels[2]).toMatchObject({ waiting: 0, granted: 0, refused: 0 });
  });
});

describe("maxWaiting", () => {
  test("promise 7: the newest of the least important makes room for a more important one, and is told once", async () => {
    const { line, levels } = made({ maxWaiting: 3, label: "db" });
    const controller = new AbortController();
    const old = joining(line, 3);
    const newest = joining(line, 3, controller.signal);
    const other = joining(line, 1);
    const important = joining(line, 0);
    expect(await refusal(newest)).toMatchObject({
      name: "OverloadedError",
      layer: "priorityLine",
      label: "db",
      reason: "priority",
      retryAfter: undefined,
    });
    controller.abort();
    expect(line.size).toBe(3);
    for (const waiting of [old, other, important]) expect(await refusal(waiting)).toBe("pending");
    expect(levels.map(({ waiting, refused }) => [waiting, refused])).toEqual([
      [1, 0],
      [1, 0],
      [0, 0],
      [1, 1],
    ]);
  });

  test("a newcomer who is no more important than anybody in line is refused itself, at once", async () => {
    const { line, levels } = made({ maxWaiting: 2 });
    const waiting = [joining(line, 1), joining(line, 2)];
    expect(await refusal(joining(line, 2))).toMatchObject({ layer: "priorityLine", reason: "capacity" });
    expect(await refusal(joining(line, 3))).toMatchObject({ reason: "capacity" });
    for (const each of waiting) expect(await refusal(each)).toBe("pending");
    expect(levels.map(({ refused }) => refused)).toEqual([0, 0, 1, 1]);
  });

  test("with 0 nobody waits", async () => {
    const { line } = made({ maxWaiting: 0 });
    expect(await refusal(joining(line, 0))).toMatchObject({ reason: "capacity" });
    expect(line.size).toBe(0);
  });

  test("who has given up already makes nobody leave", async () => {
    const { line } = made({ maxWaiting: 1 });
    const waiting = joining(line, 3);
    void joining(line, 0, AbortSignal.abort());
    expect(await refusal(waiting)).toBe("pending");
  });
});

describe("promise 5: codel", () => {
  test("without overload a caller waits for the interval, and is refused in the alarm's turn", async () => {
    const { clock, line, levels } = made({ levels: 1, codel: { target: 5, interval: 100 } });
    const waiting = joining(line, 0);
    void clock.advance(99);
    expect(line.size).toBe(1);
    void clock.advance(1);
    // The promise of `advance` was not awaited: no microtask has run.
    expect(line.size).toBe(0);
    expect(await refusal(waiting)).toMatchObject({ layer: "priorityLine", reason: "capacity" });
    expect(levels[0]).toMatchObject({ waiting: 0, refused: 1 });
    expect(clock.pending).toBe(0);
  });

  test("once the line has not been empty for the interval it is the target, twice as long for each level above", async () => {
    const { clock, line } = made({ levels: 3, codel: true, share: 0 });
    const first = joining(line, 0);
    await clock.advance(50);
    const second = joining(line, 0);
    line.grant("a slot");
    await clock.advance(49);
    const [most, middle, least] = [0, 1, 2].map((level) => joining(line, level));
    // After 100 ms with somebody in line the second has waited for 50, and its target is 20.
    await clock.advance(1);
    expect(await refusal(first)).toBe("kept");
    expect(await refusal(second)).toMatchObject({ reason: "capacity" });
    await clock.advance(3.9);
    expect(await refusal(least!)).toBe("pending");
    await clock.advance(0.1);
    expect(await refusal(least!)).toMatchObject({ reason: "capacity" });
    await clock.advance(4.9);
    expect(await refusal(middle!)).toBe("pending");
    await clock.advance(0.1);
    expect(await refusal(middle!)).toMatchObject({ reason: "capacity" });
    await clock.advance(9.9);
    expect(await refusal(most!)).toBe("pending");
    await clock.advance(0.1);
    expect(await refusal(most!)).toMatchObject({ reason: "capacity" });
    expect(line.size).toBe(0);
  });

  test("under overload a less important newcomer is refused after its own target, before those who came earlier", async () => {
    const { clock, line } = made({ levels: 4, codel: true });
    void joining(line, 0);
    await clock.advance(80);
    const important = joining(line, 0);
    line.grant("a slot");
    // The one that is left may wait until 120.
    await clock.advance(25);
    const newcomer = joining(line, 3);
    await clock.advance(4.9);
    expect(await refusal(newcomer)).toBe("pending");
    await clock.advance(0.1);
    expect(await refusal(newcomer)).toMatchObject({ reason: "capacity" });
    expect(await refusal(important)).toBe("pending");
  });

  test("a target above the interval is what a caller waits for, with and without overload", async () => {
    const { clock, line } = made({ levels: 1, codel: { target: 300, interval: 100 } });
    const waiting = joining(line, 0);
    await clock.advance(299);
    expect(await refusal(waiting)).toBe("pending");
    await clock.advance(1);
    expect(await refusal(waiting)).toMatchObject({ reason: "capacity" });
  });

  test("an empty line ends the overload", async () => {
    const { clock, line } = made({ levels: 1, codel: true });
    void joining(line, 0);
    await clock.advance(60);
    line.grant("a slot");
    const waiting = joining(line, 0);
    await clock.advance(60);
    expect(await refusal(waiting)).toBe("pending");
  });

  test("at a grant, too, if the timer is late: but there is room for one, who is not refused", async () => {
    const { clock, line, levels } = made({ levels: 2, codel: { target: 5, interval: 100 } });
    const late = [joining(line, 1), joining(line, 1), joining(line, 0), joining(line, 0)];
    // Timers do not fire.
    clock.jump(1_000);
    line.grant("a slot");
    expect(line.size).toBe(0);
    const ends = [];
    for (const each of late) ends.push(await refusal(each));
    expect(ends.map((end) => (isOverloadedError(end) ? "refused" : end))).toEqual([
      "refused",
      "refused",
      "refused",
      "kept",
    ]);
    expect(levels.map(({ granted, refused }) => [granted, refused])).toEqual([
      [1, 1],
      [0, 2],
    ]);
  });

  test("nobody waits, no timer; and the clock is not asked where nothing depends on it", async () => {
    const { clock, line } = made({ codel: true });
    expect(clock.pending).toBe(0);
    const controller = new AbortController();
    const waiting = joining(line, 0, controller.signal);
    expect(clock.pending).toBe(1);
    for (let nth = 0; nth < 10; nth++) void joining(line, 3);
    expect(clock.pending).toBe(1);
    for (let nth = 0; nth < 10; nth++) line.grant("a slot");
    controller.abort();
    line.grant("a slot");
    expect(clock.pending).toBe(0);
    await refusal(waiting);

    const unread = made({
      clock: {
        now: () => {
          throw new Error("not to be read");
        },
        setTimeout: () => {
          throw new Error("not to be set");
        },
        clearTimeout() {},
      },
    });
    void joining(unread.line, 2);
    unread.line.grant("a slot");
    expect(unread.line.size).toBe(0);
  });

  test("a timer that was taken away is set again for the next who comes", async () => {
    const timers = new Set<() => void>();
    let time = 0;
    const { line } = made({
      levels: 1,
      codel: true,
      clock: {
        now: () => time,
        setTimeout: (run) => {
          timers.add(run);
          return run;
        },
        clearTimeout: (run) => timers.delete(run as () => void),
      },
    });
    const first = joining(line, 0);
    time = 250;
    // It fires late.
    for (const run of timers) {
      timers.delete(run);
      run();
    }
    expect(await refusal(first)).toMatchObject({ reason: "capacity" });
    void joining(line, 0);
    expect(timers.size).toBe(1);
  });

  test("an abort that another listener stopped is taken up: the caller is told its own reason", async () => {
    const { clock, line } = made({ levels: 1, codel: true });
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => event.stopImmediatePropagation());
    const waiting = joining(line, 0, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await clock.advance(100);
    expect(await refusal(waiting)).toBe(reason);
  });
});

describe("promise 6: nobody is overtaken between the grant and the next line", () => {
  test("until whoever was granted has moved on no newcomer is served, however important", async () => {
    const { line, asked } = made();
    const waiting = line.join({ request: { level: 3 } });
    line.grant("a slot");
    expect(line.blocks({ level: 0 })).toBe(true);
    expect(line.blocks()).toBe(true);
    let movedOn = false;
    void waiting.then(() => {
      // Here it joins the next line.
      expect(line.blocks({ level: 0 })).toBe(true);
      movedOn = true;
    });
    const before = asked();
    void line.join({ request: { level: 0 } });
    await settle();
    expect(movedOn).toBe(true);
    // Whoever came meanwhile may be served now.
    expect(asked()).toBeGreaterThan(before);
    line.grant("a slot");
    await settle();
    expect(line.blocks({ level: 3 })).toBe(false);
  });

  test("a grant takes no more microtasks than in a line of core's", async () => {
    const { line } = made();
    const waiting = line.join({ request: { level: 3 } });
    line.grant("a slot");
    expect(await hops(waiting)).toBeLessThanOrEqual(1);
  });
});

describe("priority", () => {
  test.each([
    [-5, 0],
    [0.9, 0],
    [1.5, 1],
    [3, 3],
    [4, 3],
    [Number.POSITIVE_INFINITY, 3],
    [Number.NEGATIVE_INFINITY, 0],
  ])("%f is level %i", (priority, level) => {
    const { line, levels } = made({ priority: () => priority });
    void line.join({ request: { level: 0 } });
    expect(levels.map(({ waiting }) => waiting)).toEqual([0, 1, 2, 3].map((at) => (at === level ? 1 : 0)));
  });

  test.each([[Number.NaN], ["1"], [undefined], [null], [1n], [Symbol("1")], [new Number(1)]])(
    "%o is no level: a failure of readiness, which keeps nothing",
    async (odd) => {
      const { line } = made({ priority: () => odd as number });
      expect(String(await refusal(joining(line, 0)))).toContain("priorityLine: what priority returns must be a number");
      expect(line.size).toBe(0);
      // Without a request it is not asked.
      void line.join({});
      expect(() => line.blocks({ level: 0 })).toThrow("priorityLine: what priority returns must be a number");
      expect(line.size).toBe(1);
    },
  );

  test("is not asked while nobody waits: there is nobody to come after", () => {
    const asked: number[] = [];
    const { line } = made({
      priority({ level }) {
        asked.push(level);
        return level;
      },
    });
    expect(line.blocks({ level: 3 })).toBe(false);
    expect(asked).toEqual([]);
    void line.join({ request: { level: 1 } });
    expect(line.blocks({ level: 3 })).toBe(true);
    expect(asked).toEqual([1, 3]);
  });

  test("what it throws is a failure of readiness, in a limit, too", async () => {
    const boom = new Error("boom");
    const line = priorityLine<string>({
      priority: (request) => {
        if (request === "odd") throw boom;
        return 0;
      },
    });
    const slots = new Semaphore(1, { line });
    const service = new ServiceBuilder().layer(gate(slots, { name: "slots" })).serviceFn((request: string) => request);
    const held = service.tryReady("a");
    await expect(service.call("odd")).rejects.toBe(boom);
    const waiting = service.call("b");
    expect(() => service.tryReady("odd")).toThrow(boom);
    held?.release();
    expect(await waiting).toBe("b");
    expect(slots).toMatchObject({ active: 0, waiting: 0 });
  });

  test("that gives a permit back while it is asked keeps nobody waiting", async () => {
    let giveBack = (): void => {};
    const line = priorityLine<number>({
      priority() {
        giveBack();
        return 0;
      },
    });
    const limit = gate(new Semaphore(1, { line }), { name: "limit" });
    const service = new ServiceBuilder().layer(limit).serviceFn((id: number) => id);
    const permit = service.tryReady();
    giveBack = () => permit?.release();
    expect(await Promise.race([service.call(1), settle().then(() => "waits")])).toBe(1);
  });

  test("that makes room for who waits, while a newcomer is asked for its own, lets nobody overtake", async () => {
    let makeRoom = (): void => {};
    const line = priorityLine<number>({
      priority() {
        makeRoom();
        return 0;
      },
    });
    const semaphore = new Semaphore(0, { line });
    const order: number[] = [];
    const service = new ServiceBuilder()
      .layer(gate(semaphore, { name: "limit" }))
      .serviceFn((id: number) => order.push(id));
    const first = service.call(1);
    makeRoom = () => {
      semaphore.max = 2;
    };
    await Promise.all([first, service.call(2)]);
    expect(order).toEqual([1, 2]);
  });

  test("runs in the async context of the caller, so that it may come from there", async () => {
    const storage = new AsyncLocalStorage<number>();
    const line = priorityLine<string>({ priority: () => storage.getStore() ?? 3 });
    const slots = new Semaphore(1, { line });
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(gate(slots, { name: "slots" })).service(inner);
    const calls = [service.call("first"), service.call("sheddable"), storage.run(0, () => service.call("critical"))];
    const order: string[] = [];
    for (let call = 0; call < 3; call++) {
      const { request, respond } = await handle.nextRequest();
      order.push(request);
      respond(request);
    }
    await Promise.all(calls);
    expect(order).toEqual(["first", "critical", "sheddable"]);
  });
});

describe("in a limit", () => {
  test("a refused waiter's call rejects, holds nothing, and its slot goes to others", async () => {
    const clock = new VirtualClock();
    const line = priorityLine<Ask>({ priority: ({ level }) => level, levels: 2, codel: true, clock });
    const slots = new Semaphore(1, { clock, line });
    const [inner, handle] = mockService<Ask, string>();
    const service = new ServiceBuilder().layer(gate(slots, { name: "slots" })).service(inner);
    const running = service.call({ level: 1 });
    const refused = service.call({ level: 1 });
    const outcome = refused.catch((error: unknown) => error);
    await clock.advance(100);
    expect(await outcome).toMatchObject({ layer: "priorityLine", reason: "capacity" });
    expect(slots).toMatchObject({ active: 1, waiting: 0 });
    (await handle.nextRequest()).respond("ok");
    expect(await running).toBe("ok");
    expect(slots.idle).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test.each<readonly [string, Partial<PriorityLineOptions<Ask>>, boolean]>([
    ["with neither maxWaiting nor codel all may wait", {}, false],
    ["with maxWaiting it has an end", { maxWaiting: 10 }, true],
    ["with codel it has an end", { codel: true }, true],
  ])("%s, which the limit can tell those who look for lines without end", (_what, options, bounded) => {
    const line = priorityLine<Ask>({ priority: ({ level }) => level, ...options });
    expect(new Semaphore(1, { line }).bounded).toBe(bounded);
  });

  test("one value may be the line of several limits, each with a line of its own; it counts all of them", () => {
    const line = priorityLine<Ask>({ priority: ({ level }) => level, levels: 2 });
    const [one, other] = [new Semaphore(0, { line }), new Semaphore(0, { line })];
    void one.acquire({ request: { level: 1 } });
    void other.acquire({ request: { level: 1 } });
    expect([one.waiting, other.waiting]).toEqual([1, 1]);
    expect(JSON.parse(JSON.stringify(line.levels))).toEqual([
      { waiting: 0, granted: 0, refused: 0 },
      { waiting: 2, granted: 0, refused: 0 },
    ]);
    expect(JSON.parse(JSON.stringify({ line }))).toEqual({ line: { name: "priorityLine", levels: line.levels } });
    other.max = 1;
    expect(line.levels[1]).toMatchObject({ waiting: 1, granted: 1 });
  });
});

describe("what a maker of lines keeps", () => {
  test("counts, and no line: one that nobody has any more is collected, so there may be a line for each key", async () => {
    const make = priorityLine<Ask>({ priority: ({ level }) => level });
    const lines = Array.from({ length: 10 }, () => new WeakRef(make<string>(() => {})));
    await turn();
    collectGarbage();
    expect(lines.map((line) => line.deref())).toEqual(lines.map(() => undefined));
    expect(make.levels).toHaveLength(4);
  });
});

describe("what it announces", () => {
  test("a refusal, in the async context of the caller who is refused", async () => {
    const storage = new AsyncLocalStorage<string>();
    const heard: (readonly [LayerEvent, string | undefined])[] = [];
    const subscription = events.subscribe((event) => heard.push([event, storage.getStore()]));
    const { line } = made({ maxWaiting: 1, label: "db" });
    const least = storage.run("ann", () => joining(line, 3));
    const most = storage.run("bob", () => joining(line, 0));
    const newcomer = storage.run("eve", () => joining(line, 2));
    const controller = new AbortController();
    await settle();
    line.grant("a slot");
    const aborted = storage.run("sam", () => joining(line, 1, controller.signal));
    controller.abort();
    await Promise.all([least, most, newcomer, aborted].map((each) => refusal(each)));
    subscription[Symbol.dispose]();
    expect(heard.map(([{ source, ...event }, who]) => [event, typeof source, who])).toEqual([
      [
        {
          type: "shed",
          layer: "priorityLine",
          label: "db",
          by: "priorityLine",
          byLabel: "db",
          level: 3,
          reason: "priority",
        },
        "object",
        "ann",
      ],
      [
        {
          type: "shed",
          layer: "priorityLine",
          label: "db",
          by: "priorityLine",
          byLabel: "db",
          level: 2,
          reason: "capacity",
        },
        "object",
        "eve",
      ],
    ]);
  });

  test("no refusal for a caller who leaves with one: a loadShed further out whose wait is over, for instance", async () => {
    const heard: LayerEvent[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    const { line } = made({ maxWaiting: 1 });
    const controller = new AbortController();
    const left = joining(line, 0, controller.signal);
    const reason = new OverloadedError("loadShed");
    controller.abort(reason);
    await expect(left).rejects.toBe(reason);
    subscription[Symbol.dispose]();
    expect(heard).toEqual([]);
  });
});

describe("bad options", () => {
  test.each<readonly [options: object, message: string]>([
    [{ priority: 5 }, "priorityLine: priority must be a function; received 5"],
    [{ codel: 5 }, "priorityLine: codel must be an object; received 5"],
    [{ codel: { targt: 5 } }, "priorityLine: codel: targt is not an option; did you mean target?"],
    [
      { codel: { target: 0 } },
      "priorityLine: codel.target must be a number above 0 and at most 2147483647; received 0",
    ],
    [
      { codel: { interval: 0 } },
      "priorityLine: codel.interval must be a number above 0 and at most 2147483647; received 0",
    ],
  ])("%j is refused, by the name of the option", (options, message) => {
    expect(() => made(options)).toThrow(message);
  });
});

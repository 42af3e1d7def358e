import { AsyncLocalStorage } from "node:async_hooks";
import {
  events,
  isPermitSpentError,
  type ReadyOptions,
  refuse,
  type Service,
  ServiceBuilder,
  serviceFn,
  takeRefusal,
  type WaitingLine,
} from "@sluice/core";
import { stackService } from "@sluice/core/internal";
import { Line } from "@sluice/core/kit";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concurrencyLimit, Semaphore } from "../src/index.ts";
import { giveUpAfter } from "./helper/give-up.ts";
import { permitOf } from "./helper/permit-of.ts";
import { unhandledIn } from "@sluice/test-kit";

const limited = (max: number | Semaphore) => {
  const clock = new VirtualClock();
  const limit = typeof max === "number" ? concurrencyLimit(max, { clock }) : concurrencyLimit(max);
  const [inner, handle] = mockService<string, string>();
  return { clock, limit, inner, handle, service: limit.wrap(inner) };
};

/** Lets everything settle that can. */
const settle = (): Promise<void> => new VirtualClock().advance(0);

describe("promise 1: reservation", () => {
  test("a reservation takes the slot with nothing in flight, and keeps it until the response", async () => {
    const { limit, handle, service } = limited(1);
    const permit = permitOf(service);
    expect(limit).toMatchObject({ active: 1, available: 0 });
    expect(handle.active).toBe(0);
    expect(service.tryReady()).toBeUndefined();

    const answer = permit.call("a");
    const { respond } = await handle.nextRequest();
    expect(service.tryReady()).toBeUndefined();
    respond("A");
    expect(await answer).toBe("A");
    expect(limit).toMatchObject({ active: 0, available: 1 });
  });

  test("with a limit of 0 everybody waits, until it is raised", async () => {
    const { limit, handle, service } = limited(0);
    expect(service.tryReady()).toBeUndefined();
    const answer = service.call("a");
    await settle();
    handle.expectNoRequest();
    expect(limit).toMatchObject({ active: 0, waiting: 1, available: 0, max: 0 });

    limit.max = 1;
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
  });

  test("with a limit of Infinity nobody waits", () => {
    const { limit, service } = limited(Number.POSITIVE_INFINITY);
    for (let count = 1; count <= 1_000; count++) {
      expect(service.tryReady()).toBeDefined();
      expect(limit).toMatchObject({ active: count, available: Number.POSITIVE_INFINITY });
    }
  });
});

describe("promise 2: spent once", () => {
  test("a second call reaches nobody, and a second release gives nothing back", async () => {
    const { limit, handle, service } = limited(2);
    const permit = permitOf(service);
    const other = permitOf(service);
    permit.release();
    permit.release();
    expect(limit.active).toBe(1);
    await expect(permit.call("a")).rejects.toSatisfy(isPermitSpentError);
    handle.expectNoRequest();
    other.release();
    expect(limit.active).toBe(0);
  });
});

describe("promise 3: nothing leaks", () => {
  test("when a permit leaves its block", () => {
    const { limit, handle, service } = limited(1);
    {
      using permit = permitOf(service);
      expect(permit).toBeDefined();
      expect(limit.active).toBe(1);
    }
    expect(limit.active).toBe(0);
    expect(handle.released).toBe(1);
  });

  test("when the call fails", async () => {
    const { limit, handle, service } = limited(1);
    const answer = service.call("a");
    (await handle.nextRequest()).fail(new Error("no"));
    await expect(answer).rejects.toThrow("no");
    expect(limit.active).toBe(0);
  });

  test("when the handler throws synchronously", async () => {
    const limit = concurrencyLimit(1);
    const service = limit.wrap(
      serviceFn(() => {
        throw new Error("no");
      }),
    );
    await expect(service.call("a")).rejects.toThrow("no");
    expect(limit.active).toBe(0);
  });

  test("when the service inside refuses", () => {
    const { limit, handle, service } = limited(1);
    handle.allow(0);
    expect(service.tryReady()).toBeUndefined();
    expect(limit.active).toBe(0);
    expect(takeRefusal()).toMatchObject({ layer: "mockService" });
  });

  test("when readiness of the service inside fails, now or later", async () => {
    const { limit, handle, service } = limited(1);
    const failure = new Error("down");
    handle.sendFailure(failure);
    expect(() => service.tryReady()).toThrow(failure);
    expect(limit.active).toBe(0);

    handle.allow(0);
    const waiting = service.ready();
    expect(limit.active).toBe(1);
    handle.sendFailure(failure);
    await expect(waiting).rejects.toBe(failure);
    expect(limit.active).toBe(0);
  });

  test("whatever happens, and never more than the limit are inside", async () => {
    const action = fc.oneof(
      fc.record({ do: fc.constantFrom("try", "call", "respond", "fail", "release") }),
      fc.record({ do: fc.constant("abort"), which: fc.nat(20) }),
      fc.record({ do: fc.constant("resize"), max: fc.nat(4) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.array(action, { maxLength: 40 }), async (max, actions) => {
        const { limit, handle, service } = limited(max);
        const permits: Disposable[] = [];
        const callers: AbortController[] = [];
        let atMost = max;
        for (const step of actions) {
          switch (step.do) {
            case "try": {
              const permit = service.tryReady();
              if (permit !== undefined) permits.push(permit);
              break;
            }
            case "release":
              permits.shift()?.[Symbol.dispose]();
              break;
            case "call": {
              const caller = new AbortController();
              callers.push(caller);
              service.call("a", { signal: caller.signal }).catch(() => {});
              break;
            }
            case "respond":
              if (handle.active > 0) (await handle.nextRequest()).respond("A");
              break;
            case "fail":
              if (handle.active > 0) (await handle.nextRequest()).fail(new Error("no"));
              break;
            case "abort":
              callers[(step as { which: number }).which]?.abort();
              break;
            default:
              limit.max = (step as { max: number }).max;
          }
          await settle();
          // Lowering it takes nothing from those who hold.
          atMost = Math.max(limit.max, Math.min(atMost, limit.active));
          expect(limit.active).toBeLessThanOrEqual(atMost);
          expect(limit.active).toBe(handle.active + permits.length);
          expect(limit.available === 0 || limit.waiting === 0).toBe(true);
        }
        for (const caller of callers) caller.abort();
        for (const permit of permits) permit[Symbol.dispose]();
        while (handle.active > 0) (await handle.nextRequest()).respond("A");
        await settle();
        expect(limit).toMatchObject({ active: 0, waiting: 0 });
      }),
      { numRuns: 150 },
    );
  });
});

describe("promise 4: in line", () => {
  test("each slot that comes back goes to one waiter, in order", async () => {
    const { limit, handle, service } = limited(1);
    const served: string[] = [];
    for (const name of ["a", "b", "c"]) void service.call(name).then((response) => served.push(response));
    expect(limit.waiting).toBe(2);
    for (const [name, left] of [
      ["a", 1],
      ["b", 0],
      ["c", 0],
    ] as const) {
      const { request, respond } = await handle.nextRequest();
      expect(request).toBe(name);
      handle.expectNoRequest();
      respond(name);
      await settle();
      expect(limit.waiting).toBe(left);
    }
    expect(served).toEqual(["a", "b", "c"]);
  });

  test("when a slot has just come back, a newcomer is refused in favour of the one who waits", async () => {
    const { service } = limited(1);
    const permit = permitOf(service);
    const waiting = service.ready();
    permit.release();
    expect(service.tryReady()).toBeUndefined();
    (await waiting).release();
    await settle();
    expect(service.tryReady()).toBeDefined();
  });

  test("when the limit is raised, as many are served as there are slots more", async () => {
    const { limit, service } = limited(1);
    for (let count = 0; count < 6; count++) void service.ready();
    limit.max = 4;
    expect(limit).toMatchObject({ active: 4, waiting: 2, max: 4 });
    limit.max = 2;
    expect(limit).toMatchObject({ active: 4, waiting: 2, available: 0 });
  });
});

describe("promise 5: abort", () => {
  test("a waiter leaves at once with the signal's reason", async () => {
    const { limit, handle, service } = limited(0);
    const caller = new AbortController();
    const reason = { gone: true };
    const answer = service.call("a", { signal: caller.signal });
    expect(limit.waiting).toBe(1);
    caller.abort(reason);
    expect(limit.waiting).toBe(0);
    await expect(answer).rejects.toBe(reason);
    handle.expectNoRequest();
  });

  test("when the slot and the abort come in the same turn, the slot goes to the next in line", async () => {
    const { limit, handle, service } = limited(1);
    const permit = permitOf(service);
    const caller = new AbortController();
    const first = service.call("first", { signal: caller.signal });
    const second = service.call("second");
    permit.release();
    caller.abort();
    await expect(first).rejects.toBe(caller.signal.reason);
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("second");
    respond("done");
    await second;
    expect(limit.active).toBe(0);
  });

  test("aborting work in flight keeps its slot until the work has ended", async () => {
    const { limit, handle, service } = limited(1);
    const caller = new AbortController();
    const answer = service.call("a", { signal: caller.signal });
    const { options, respond } = await handle.nextRequest();
    expect(options.signal).toBe(caller.signal);
    caller.abort();
    await settle();
    expect(limit.active).toBe(1);
    respond("late");
    expect(await answer).toBe("late");
    expect(limit.active).toBe(0);
  });
});

describe("promise 6: until it settles", () => {
  test.each(["limit outside", "limit inside"])("when a layer gives up early, %s of it", async (nesting) => {
    const { clock, limit, inner, handle } = limited(1);
    const early = giveUpAfter(clock, 100);
    const service: Service<string, string, never> =
      nesting === "limit outside" ? limit.wrap(early.wrap(inner)) : early.wrap(limit.wrap(inner));
    const first = service.call("first");
    const { respond } = await handle.nextRequest();
    const second = service.call("second");
    const gaveUp = first.catch((error: unknown) => error);
    await clock.advance(100);
    expect(await gaveUp).toEqual(new Error("gave up"));
    expect(limit.active).toBe(1);
    handle.expectNoRequest();

    respond("late");
    (await handle.nextRequest()).respond("in time");
    expect(await second).toBe("in time");
    expect(limit.active).toBe(0);
  });

  test("the slot of a handler that never settles is seen to age", async () => {
    const { clock, limit, service } = limited(2);
    expect(limit.oldest).toBe(0);
    void service.call("hangs");
    await clock.advance(40);
    const younger = permitOf(service);
    await clock.advance(60);
    expect(limit.oldest).toBe(100);
    younger.release();
    expect(limit.oldest).toBe(100);
  });
});

describe("until", () => {
  /** A response whose body arrives after it. */
  const streaming = (until: (response: Response) => PromiseLike<unknown> | undefined) => {
    const limit = concurrencyLimit(1, { until });
    let body!: ReadableStreamDefaultController<Uint8Array>;
    const service = limit.wrap(
      serviceFn(() => {
        const stream = new ReadableStream<Uint8Array>({
          start(controller) {
            body = controller;
          },
        });
        return new Response(stream);
      }),
    );
    return { limit, service, body: () => body };
  };

  test("a slot is held until the body has ended", async () => {
    const ends = new Map<Response, Promise<unknown>>();
    const { limit, service, body } = streaming((response) => {
      // The reader's copy tells when the body has ended.
      const ended = response.clone().text();
      ends.set(response, ended);
      return ended;
    });
    const response = await service.call("a");
    expect(limit.active).toBe(1);
    expect(service.tryReady()).toBeUndefined();
    body().enqueue(new TextEncoder().encode("all of it"));
    body().close();
    expect(await response.text()).toBe("all of it");
    await ends.get(response);
    await settle();
    expect(limit.active).toBe(0);
  });

  test("a slot comes back when the body fails", async () => {
    const { limit, service, body } = streaming((response) => response.clone().text());
    const response = await service.call("a");
    const read = response.text().catch((error: unknown) => error);
    body().error(new Error("broken"));
    expect(await read).toEqual(new Error("broken"));
    await settle();
    expect(limit.active).toBe(0);
  });

  test("when there is nothing to wait for, or the call fails, the slot comes back with the answer", async () => {
    const asked: unknown[] = [];
    const limit = concurrencyLimit(1, {
      until(response) {
        asked.push(response);
        return undefined;
      },
    });
    const service = limit.wrap(serviceFn((ok: boolean) => (ok ? "yes" : Promise.reject(new Error("no")))));
    await service.call(true);
    expect(limit.active).toBe(0);
    await expect(service.call(false)).rejects.toThrow("no");
    expect(limit.active).toBe(0);
    expect(asked).toEqual(["yes"]);
  });

  test("when it throws, that is reported and the slot comes back", async () => {
    const failure = new Error("until");
    const limit = concurrencyLimit(1, {
      until() {
        throw failure;
      },
    });
    const service = limit.wrap(serviceFn(() => "yes"));
    const reported = await unhandledIn(async () => {
      expect(await service.call("a")).toBe("yes");
    });
    expect(reported).toEqual([failure]);
    expect(limit.active).toBe(0);
  });
});

describe("promise 7: never thrown at you", () => {
  test("when readiness throws, the call rejects", async () => {
    const { handle, service } = limited(1);
    handle.sendFailure(new Error("down"));
    await expect(service.call("a")).rejects.toThrow("down");
  });
});

describe("promise 8: context", () => {
  test("who waited runs in the context it asked in", async () => {
    const context = new AsyncLocalStorage<string>();
    const limit = concurrencyLimit(1);
    const service = limit.wrap(serviceFn(() => context.getStore()));
    const permit = permitOf(service);
    const mine = context.run("mine", () => service.call("a"));
    const yours = context.run("yours", () => service.call("b"));
    context.run("nobody's", () => {
      permit.release();
    });
    expect(await Promise.all([mine, yours])).toEqual(["mine", "yours"]);
  });
});

describe("promise 11: free where idle", () => {
  test("the work starts in the turn of the call, and an ignored failure is reported", async () => {
    const failure = new Error("ignored");
    let started = false;
    const service = concurrencyLimit(1).wrap(
      serviceFn(() => {
        started = true;
        return Promise.reject(failure);
      }),
    );
    const reported = await unhandledIn(() => {
      void service.call("a");
      expect(started).toBe(true);
    });
    expect(reported).toEqual([failure]);
    expect(await unhandledIn(() => service.call("a").catch(() => {}))).toEqual([]);
  });
});

describe("promise 14: bad options", () => {
  test.each([
    [undefined, TypeError, "concurrencyLimit: max must be a number or a Semaphore; received undefined"],
    [null, TypeError, "concurrencyLimit: max must be a number or a Semaphore; received null"],
    ["5", TypeError, 'concurrencyLimit: max must be a number or a Semaphore; received "5"'],
    [{}, TypeError, "concurrencyLimit: max must be a number or a Semaphore; received an object"],
    [-1, RangeError, "concurrencyLimit: max must be a whole number of 0 or more, or Infinity; received -1"],
    [1.5, RangeError, "concurrencyLimit: max must be a whole number of 0 or more, or Infinity; received 1.5"],
    [Number.NaN, RangeError, "concurrencyLimit: max must be a whole number of 0 or more, or Infinity; received NaN"],
  ])("max: %s", (max, type, message) => {
    expect(() => concurrencyLimit(max as number)).toThrow(new type(message));
  });

  test.each(["tryAcquire", "acquire", "active"])("max: what is like a semaphore but for its %s is none", (missing) => {
    const gate = { tryAcquire: () => undefined, acquire: () => new Promise(() => {}), active: 0, [missing]: undefined };
    expect(() => concurrencyLimit(gate as never)).toThrow(
      new TypeError("concurrencyLimit: max must be a number or a Semaphore; received an object"),
    );
  });

  test("max, set later, stays what it was", () => {
    const limit = concurrencyLimit(3);
    expect(() => (limit.max = -1)).toThrow(RangeError);
    expect(() => (limit.max = "3" as never)).toThrow(TypeError);
    expect(limit.max).toBe(3);
  });

  test("the rest", () => {
    expect(() => concurrencyLimit(1, null as never)).toThrow(TypeError);
    expect(() => concurrencyLimit(1, { until: 5 as never })).toThrow(
      new TypeError("concurrencyLimit: until must be a function; received 5"),
    );
    expect(() => concurrencyLimit(1, { clock: {} as never })).toThrow(/^concurrencyLimit: clock must be a clock/);
    const clock = new VirtualClock();
    expect(() => concurrencyLimit(new Semaphore(1), { clock } as never)).toThrow(
      new TypeError("concurrencyLimit: clock must be left to the semaphore; received an object"),
    );
  });
});

describe("a semaphore that is shared", () => {
  test("several layers and services are under one limit", () => {
    const semaphore = new Semaphore(2);
    const one = limited(semaphore);
    const other = limited(semaphore);
    const permit = permitOf(one.service);
    permitOf(other.service);
    expect(one.service.tryReady()).toBeUndefined();
    expect(other.limit).toMatchObject({ active: 2, available: 0 });
    permit.release();
    expect(other.service.tryReady()).toBeDefined();
  });

  test("the same one twice in a stack is refused, and one of each is not", () => {
    const semaphore = new Semaphore(1);
    const twice = new ServiceBuilder().layer(concurrencyLimit(semaphore)).layer(concurrencyLimit(semaphore));
    expect(() => twice.serviceFn(() => 1)).toThrow(TypeError);
    const limit = concurrencyLimit(1);
    expect(() =>
      new ServiceBuilder()
        .layer(limit)
        .layer(limit)
        .serviceFn(() => 1),
    ).toThrow(TypeError);
    const two = new ServiceBuilder().layer(limit).layer(concurrencyLimit(1));
    expect(two.describe()).toEqual(["concurrencyLimit", "concurrencyLimit"]);
    expect(two.serviceFn(() => 1)).toBeDefined();
  });
});

describe("a refusal", () => {
  test("names the layer that refused, the outermost that had to", () => {
    const { service } = limited(0);
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "concurrencyLimit", retryAfter: undefined });

    const further = stackService({
      tryReserve: () => refuse("further in", { retryAfter: 7 }),
      reserve() {},
    });
    expect(concurrencyLimit(1).wrap(further).tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "further in", retryAfter: 7 });
  });
});

describe("what is seen of a limit", () => {
  test("a refusal has its label and reason", () => {
    const limit = concurrencyLimit(0, { label: "db" });
    limit.wrap(serviceFn(() => 1)).tryReady();
    expect(takeRefusal()).toMatchObject({ layer: "concurrencyLimit", label: "db", reason: "capacity" });
    expect(limit.about).toEqual({ label: "db", traits: ["limits"], facts: { max: 0 } });
  });

  test("a change of max is announced, and a bad one is not", () => {
    const heard: unknown[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    const semaphore = new Semaphore(3);
    const limit = concurrencyLimit(semaphore, { label: "db" });
    limit.max = 5;
    expect(() => (limit.max = -1)).toThrow(RangeError);
    subscription[Symbol.dispose]();
    expect(heard).toEqual([
      { type: "limit", layer: "concurrencyLimit", label: "db", source: semaphore, from: 3, to: 5 },
    ]);
  });

  test("JSON.stringify writes its name, label and counters, also while somebody waits", async () => {
    const { limit, service, handle } = limited(1);
    const calls = [service.call("a"), service.call("b")];
    expect(JSON.parse(JSON.stringify(limit))).toEqual({
      name: "concurrencyLimit",
      max: 1,
      active: 1,
      waiting: 1,
      available: 0,
      oldest: 0,
    });
    for (let left = 2; left > 0; left--) (await handle.nextRequest()).respond("ok");
    await Promise.all(calls);
  });

  test("a line of one's own decides who is served next, and belongs to the limit", async () => {
    /** The newest first. */
    class Newest<Grant> implements WaitingLine<Grant> {
      private readonly line: Line<Grant>;
      constructor(serve: () => void) {
        this.line = new Line(serve);
      }
      get size(): number {
        return this.line.size;
      }
      blocks(): boolean {
        return this.line.blocks();
      }
      join(options: ReadyOptions): Promise<Grant> {
        return this.line.join(options);
      }
      grant(grant: Grant): void {
        this.line.grant(grant, this.line.last);
      }
    }
    const order: string[] = [];
    const service = concurrencyLimit(1, { line: (serve) => new Newest(serve) }).wrap(
      serviceFn(async (name: string) => order.push(name)),
    );
    await Promise.all(["a", "b", "c", "d"].map((name) => service.call(name)));
    expect(order).toEqual(["a", "d", "c", "b"]);
    expect(() => concurrencyLimit(new Semaphore(1), { line: () => new Newest(() => {}) } as never)).toThrow(
      "concurrencyLimit: line must be left to the semaphore; received a function",
    );
  });
});

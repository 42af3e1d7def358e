import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import {
  type CallOptions,
  gate,
  layerFn,
  middleware,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
  systemClock,
} from "@sluice/core";
import { ask, Reservation, stackOf, stackService } from "@sluice/core/internal";
import { type MockHandle, mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { timeout, type TimeoutLayer, type TimeoutOptions } from "../src/index.ts";
import { hops, unhandledIn } from "@sluice/test-kit";

interface Setup {
  readonly clock: VirtualClock;
  readonly layer: TimeoutLayer;
  readonly service: Service<string, string, unknown>;
  readonly handle: MockHandle<string, string>;
}

function setUp(options: Omit<TimeoutOptions, "clock"> = { call: 100 }): Setup {
  const clock = new VirtualClock();
  const layer = timeout({ ...options, clock });
  const [inner, handle] = mockService<string, string>();
  return { clock, layer, service: new ServiceBuilder().layer(layer).service(inner), handle };
}

/** What a promise has come to, without waiting for it. */
function watch(promise: Promise<unknown>): { state: string; value: unknown } {
  const seen: { state: string; value: unknown } = { state: "pending", value: undefined };
  promise.then(
    (value) => Object.assign(seen, { state: "fulfilled", value }),
    (value: unknown) => Object.assign(seen, { state: "rejected", value }),
  );
  return seen;
}

const after = (phase: string, ms: number): object => ({ code: "ERR_SLUICE_TIMEOUT", phase, ms });

describe("when the call takes too long", () => {
  test("it rejects with a TimeoutError at that time and not before", async () => {
    const { clock, service } = setUp({ call: 100 });
    const call = watch(service.call("a"));
    await clock.advance(99.5);
    expect(call.state).toBe("pending");
    await clock.advance(0.5);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
  });

  test("a number is the time of the call", async () => {
    vi.useFakeTimers();
    try {
      const service = new ServiceBuilder().layer(timeout(100)).serviceFn(() => new Promise(() => {}));
      const call = watch(service.call(undefined));
      await vi.advanceTimersByTimeAsync(99);
      expect(call.state).toBe("pending");
      await vi.advanceTimersByTimeAsync(1);
      expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each<[string, ("performance" | "setTimeout" | "clearTimeout")[]]>([
    ["the time is faked too", ["setTimeout", "clearTimeout", "performance"]],
    ["it is not", ["setTimeout", "clearTimeout"]],
  ])("fake timers may be moved on in the very turn of the call, where %s", async (_where, toFake) => {
    vi.useFakeTimers({ toFake });
    try {
      const service = new ServiceBuilder().layer(timeout(100)).serviceFn(() => new Promise(() => {}));
      const call = service.call(undefined);
      vi.advanceTimersByTime(100);
      await expect(call).rejects.toMatchObject(after("call", 100));
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("the inner signal aborts with that very error", async () => {
    const { clock, service, handle } = setUp();
    const call = watch(service.call("a"));
    const { options } = await handle.nextRequest();
    expect(options.signal?.aborted).toBe(false);
    await clock.advance(100);
    expect(options.signal?.aborted).toBe(true);
    expect(options.signal?.reason).toBe(call.value);
  });

  test("a later answer, or failure, of the work goes unnoticed", async () => {
    const { clock, service, handle } = setUp();
    const reported = await unhandledIn(async () => {
      const calls = [watch(service.call("a")), watch(service.call("b"))];
      const first = await handle.nextRequest();
      const second = await handle.nextRequest();
      await clock.advance(100);
      first.respond("late");
      second.fail(new Error("late"));
      await clock.advance(0);
      for (const call of calls) expect(call.state).toBe("rejected");
    });
    expect(reported).toEqual([]);
  });

  test("it counts, and says how much work goes on", async () => {
    const { clock, layer, service, handle } = setUp();
    expect(layer).toMatchObject({ timedOut: 0, abandoned: 0 });
    watch(service.call("a"));
    watch(service.call("b"));
    const { respond } = await handle.nextRequest();
    const { fail } = await handle.nextRequest();
    await clock.advance(100);
    expect(layer).toMatchObject({ timedOut: 2, abandoned: 2 });
    respond("late");
    await clock.advance(0);
    expect(layer).toMatchObject({ timedOut: 2, abandoned: 1 });
    fail(new Error("late"));
    await clock.advance(0);
    expect(layer).toMatchObject({ timedOut: 2, abandoned: 0 });
  });

  test("an error that the caller ignores is reported as unhandled", async () => {
    const { clock, service } = setUp();
    const reported = await unhandledIn(async () => {
      void service.call("a");
      await clock.advance(100);
    });
    expect(reported).toMatchObject([after("call", 100)]);
  });
});

describe("when the call is answered in time", () => {
  test("the answer is passed on, and nothing is armed any more", async () => {
    const { clock, layer, service, handle } = setUp();
    const call = service.call("a");
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("a");
    expect(clock.pending).toBe(1);
    respond("A");
    expect(await call).toBe("A");
    expect(clock.pending).toBe(0);
    expect(layer).toMatchObject({ timedOut: 0, abandoned: 0 });
  });

  test("a failure is passed on as it is", async () => {
    const { clock, service, handle } = setUp();
    const error = new Error("no");
    const call = watch(service.call("a"));
    (await handle.nextRequest()).fail(error);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: error });
    expect(clock.pending).toBe(0);
  });

  test("an ignored failure is reported as unhandled once, a handled one is not", async () => {
    const error = new Error("no");
    const failing = new ServiceBuilder().layer(timeout(100)).serviceFn(() => Promise.reject(error));
    expect(await unhandledIn(() => void failing.call(undefined))).toEqual([error]);
    expect(await unhandledIn(() => failing.call(undefined).catch(() => {}))).toEqual([]);
  });

  test("an ignored failure is reported also where nothing bounds the call", async () => {
    const error = new Error("no");
    const failing = new ServiceBuilder().layer(timeout({ ready: 100 })).serviceFn(() => Promise.reject(error));
    expect(await unhandledIn(() => void failing.call(undefined))).toEqual([error]);
    expect(await unhandledIn(() => failing.call(undefined).catch(() => {}))).toEqual([]);
  });

  test("a handler that throws is a rejection (promise 7)", async () => {
    const error = new Error("thrown");
    const clock = new VirtualClock();
    const service = new ServiceBuilder().layer(timeout({ call: 100, clock })).serviceFn(() => {
      throw error;
    });
    await expect(service.call(undefined)).rejects.toBe(error);
    expect(clock.pending).toBe(0);
  });
});

describe("when a response is there in the turn in which the timer is due (tower: response ready in the same poll)", () => {
  test("the response wins", async () => {
    const { clock, service, handle } = setUp();
    const call = service.call("a");
    const { respond } = await handle.nextRequest();
    respond("A");
    void clock.advance(100);
    expect(await call).toBe("A");
  });

  test("also from behind ten layers of async functions", async () => {
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const slow = middleware("slow", async (request: string, next) => next(request));
    let builder = new ServiceBuilder()
      .layer(timeout({ call: 100, clock }))
      .layer(slow)
      .layer(slow)
      .layer(slow);
    builder = builder.layer(slow).layer(slow).layer(slow).layer(slow).layer(slow).layer(slow).layer(slow) as never;
    const call = builder.service(inner).call("a");
    const { respond } = await handle.nextRequest();
    respond("A");
    void clock.advance(100);
    expect(await call).toBe("A");
  });

  test("a response of the next turn loses", async () => {
    const { clock, service, handle } = setUp();
    const call = watch(service.call("a"));
    const { respond } = await handle.nextRequest();
    await clock.advance(100);
    respond("A");
    await clock.advance(0);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
  });
});

describe("when readiness takes too long", () => {
  test("it leaves the line at once and rejects with a TimeoutError", async () => {
    const { clock, layer, service, handle } = setUp({ ready: 50 });
    handle.allow(0);
    const ready = watch(service.ready());
    expect(handle.waiting).toBe(1);
    await clock.advance(49);
    expect(ready.state).toBe("pending");
    await clock.advance(1);
    expect(ready).toMatchObject({ state: "rejected", value: after("ready", 50) });
    expect(handle.waiting).toBe(0);
    expect(clock.pending).toBe(0);
    // Nothing was begun, so nothing goes on.
    expect(layer).toMatchObject({ timedOut: 1, abandoned: 0 });
  });

  test("a call that waited so long rejects and reaches nobody", async () => {
    const { clock, service, handle } = setUp({ ready: 50 });
    handle.allow(0);
    const call = watch(service.call("a"));
    await clock.advance(50);
    expect(call).toMatchObject({ state: "rejected", value: after("ready", 50) });
    handle.allow(1);
    await clock.advance(0);
    handle.expectNoRequest();
    expect(handle.reserved).toBe(0);
  });

  test("it does not bound the call", async () => {
    const { clock, service, handle } = setUp({ ready: 50 });
    const call = service.call("a");
    const { respond } = await handle.nextRequest();
    await clock.advance(10_000);
    respond("A");
    expect(await call).toBe("A");
  });

  test("a grant in time disarms the timer", async () => {
    const { clock, service, handle } = setUp({ ready: 50 });
    handle.allow(0);
    const ready = service.ready();
    expect(clock.pending).toBe(1);
    handle.allow(1);
    (await ready).release();
    expect(clock.pending).toBe(0);
    expect(handle).toMatchObject({ reserved: 0, released: 1 });
  });

  test("a failure of readiness is passed on as it is and disarms the timer", async () => {
    const { clock, service, handle } = setUp({ ready: 50 });
    const error = new Error("down");
    handle.allow(0);
    const ready = watch(service.ready());
    handle.sendFailure(error);
    await clock.advance(0);
    expect(ready).toEqual({ state: "rejected", value: error });
    expect(clock.pending).toBe(0);
    // promise 12: the next may ask again
    handle.allow(1);
    (await service.ready()).release();
  });

  test("the grant wins when it comes in the turn in which the timer is due", async () => {
    const { clock, service, handle } = setUp({ ready: 50 });
    handle.allow(0);
    const ready = watch(service.ready());
    handle.allow(1);
    await clock.advance(50);
    expect(ready.state).toBe("fulfilled");
    expect(handle).toMatchObject({ reserved: 1, released: 0 });
  });

  test("a grant that comes with the end of the time goes to the next in line", async () => {
    const clock = new VirtualClock();
    const semaphore = new Semaphore(1);
    const service = new ServiceBuilder()
      .layer(timeout({ ready: 50, clock }))
      .layer(gate(semaphore, { name: "limit" }))
      .serviceFn((request: string) => request);
    const holder = service.tryReady()!;
    const late = watch(service.ready());
    await clock.advance(20);
    const next = watch(service.ready());
    await clock.advance(30);
    holder.release();
    await clock.advance(0);
    expect(late).toMatchObject({ state: "rejected", value: after("ready", 50) });
    expect(next.state).toBe("fulfilled");
    expect(semaphore.active).toBe(1);
  });

  test("a grant by a service that does not heed the signal is given back", async () => {
    const clock = new VirtualClock();
    const [mock, handle] = mockService<string, string>();
    const inner = stackOf(mock);
    const deaf = stackService({
      tryReserve: inner.tryReserve,
      reserve: (asker) => {
        ask(
          inner,
          { request: asker.request },
          (reservation) => asker.granted(reservation),
          (reason) => asker.failed(reason),
        );
      },
    });
    const service = new ServiceBuilder().layer(timeout({ ready: 50, clock })).service(deaf);
    handle.allow(0);
    const ready = [watch(service.ready()), watch(service.ready())];
    await clock.advance(50);
    for (const one of ready) expect(one).toMatchObject({ state: "rejected", value: after("ready", 50) });
    handle.allow(1);
    await clock.advance(0);
    expect(handle).toMatchObject({ reserved: 0, released: 2, waiting: 0 });
  });

  test("a readiness that is granted at once sets no timer and costs no turn (promise 11)", () => {
    const { clock, service, handle } = setUp({ ready: 50, total: 70 });
    const settled: string[] = [];
    void service.ready().then(() => settled.push("ready"));
    expect(handle.reserved).toBe(1);
    expect(clock.pending).toBe(0);
    expect(service.tryReady()).toBeDefined();
    handle.allow(0);
    expect(service.tryReady()).toBeUndefined();
  });
});

describe("when both together take too long", () => {
  test("what the wait took is gone from the call's time", async () => {
    const { clock, service, handle } = setUp({ total: 100 });
    handle.allow(0);
    const call = watch(service.call("a"));
    await clock.advance(70);
    handle.allow(1);
    const { options } = await handle.nextRequest();
    expect(options.deadline).toBe(100);
    await clock.advance(29);
    expect(call.state).toBe("pending");
    await clock.advance(1);
    expect(call).toMatchObject({ state: "rejected", value: after("total", 100) });
    expect(options.signal?.reason).toBe(call.value);
  });

  test("the wait alone may use it up", async () => {
    const { clock, service, handle } = setUp({ ready: 200, total: 100 });
    handle.allow(0);
    const call = watch(service.call("a"));
    await clock.advance(100);
    expect(call).toMatchObject({ state: "rejected", value: after("total", 100) });
    expect(handle.waiting).toBe(0);
  });

  test("the time for which a permit is held between them does not count", async () => {
    const { clock, service, handle } = setUp({ total: 100 });
    await clock.advance(500);
    handle.allow(0);
    const ready = service.ready();
    await clock.advance(60);
    handle.allow(1);
    const permit = await ready;
    await clock.advance(10_000);
    const call = watch(permit.call("a"));
    await clock.advance(39);
    expect(call.state).toBe("pending");
    await clock.advance(1);
    expect(call).toMatchObject({ state: "rejected", value: after("total", 100) });
  });

  test("a permit that was granted as time ran out is refused, and given back", async () => {
    const { clock, service, handle } = setUp({ total: 100 });
    handle.allow(0);
    const ready = service.ready();
    handle.allow(1);
    void clock.advance(100);
    const permit = await ready;
    await expect(permit.call("a")).rejects.toMatchObject(after("total", 100));
    handle.expectNoRequest();
    expect(handle).toMatchObject({ reserved: 0, released: 1 });
  });

  test("whichever bound comes first is the one that is named", async () => {
    const { clock, service } = setUp({ call: 80, total: 100 });
    const call = watch(service.call("a"));
    await clock.advance(80);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 80) });
  });

  test("of two that end together, the one for less is named", async () => {
    const { clock, service } = setUp({ call: 100, total: 100 });
    const call = watch(service.call("a", { deadline: 100 }));
    await clock.advance(100);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
  });
});

describe("when the caller has a deadline", () => {
  test("it is enforced when it comes first", async () => {
    const { clock, service, handle } = setUp({ call: 100 });
    await clock.advance(1_000);
    const call = watch(service.call("a", { deadline: 1_030 }));
    const { options } = await handle.nextRequest();
    expect(options.deadline).toBe(1_030);
    await clock.advance(29);
    expect(call.state).toBe("pending");
    await clock.advance(1);
    expect(call).toMatchObject({ state: "rejected", value: after("deadline", 30) });
  });

  test("a later one is lowered for those inside", async () => {
    const { clock, service, handle } = setUp({ call: 100 });
    const call = watch(service.call("a", { deadline: 5_000 }));
    const { options } = await handle.nextRequest();
    expect(options.deadline).toBe(100);
    await clock.advance(100);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
  });

  test("it bounds the wait for readiness, which is told of it", async () => {
    const { clock, handle } = setUp();
    const deadlines: (number | undefined)[] = [];
    const [mock, mockHandle] = mockService<string, string>();
    const inner = stackOf(mock);
    const service = new ServiceBuilder().layer(timeout({ ready: 50, clock })).service(
      stackService({
        tryReserve: inner.tryReserve,
        reserve: (asker) => {
          deadlines.push(asker.deadline);
          inner.reserve(asker);
        },
      }),
    );
    mockHandle.allow(0);
    const early = watch(service.ready({ deadline: 20 }));
    const late = watch(service.ready({ deadline: 500 }));
    expect(deadlines).toEqual([20, 50]);
    await clock.advance(20);
    expect(early).toMatchObject({ state: "rejected", value: after("deadline", 20) });
    expect(late.state).toBe("pending");
    await clock.advance(30);
    expect(late).toMatchObject({ state: "rejected", value: after("ready", 50) });
    expect(handle.calls).toBe(0);
  });

  test.each<Omit<TimeoutOptions, "clock">>([{ call: 100 }, { ready: 100 }, { deadline: true }])(
    "one that has passed is refused and reaches nobody (%o)",
    async (options) => {
      const { clock, layer, service, handle } = setUp(options);
      await clock.advance(10);
      await expect(service.call("a", { deadline: 10 })).rejects.toMatchObject(after("deadline", 0));
      await expect(service.ready({ deadline: 9 })).rejects.toMatchObject(after("deadline", 0));
      handle.expectNoRequest();
      expect(handle).toMatchObject({ calls: 0, reserved: 0, waiting: 0 });
      expect(clock.pending).toBe(0);
      expect(layer).toMatchObject({ timedOut: 2, abandoned: 0 });
    },
  );

  test("a layer without bounds of its own enforces it", async () => {
    const { clock, service } = setUp({ deadline: true });
    const bounded = watch(service.call("a", { deadline: 30 }));
    const unbounded = watch(service.call("b"));
    const endless = watch(service.call("c", { deadline: Number.POSITIVE_INFINITY }));
    await clock.advance(1_000_000);
    expect(bounded).toMatchObject({ state: "rejected", value: after("deadline", 30) });
    expect(unbounded.state).toBe("pending");
    expect(endless.state).toBe("pending");
    expect(clock.pending).toBe(0);
  });

  test("an infinite one is none: fake timers have no timer of it, and run until none is left", async () => {
    vi.useFakeTimers();
    try {
      const [inner, handle] = mockService<string, string>();
      const layer = timeout({ deadline: true });
      const answer = watch(layer.wrap(inner).call("a", { deadline: Number.POSITIVE_INFINITY }));
      const request = await handle.nextRequest();
      await vi.runAllTimersAsync();
      request.respond("A");
      await vi.advanceTimersByTimeAsync(0);
      expect([answer, layer.timedOut]).toEqual([{ state: "fulfilled", value: "A" }, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("deadlines in any order are each kept to the millisecond, with one timer", async () => {
    const { clock, service } = setUp({ call: 100 });
    const deadlines = [70, 20, 90, 20, 50, 10, 500, 80, 30];
    const ended: [number, number][] = [];
    for (const deadline of deadlines) {
      service.call("a", { deadline }).catch(() => ended.push([Math.min(deadline, 100), clock.now()]));
      expect(clock.pending).toBe(1);
    }
    for (let ms = 0; ms < 100; ms++) {
      await clock.advance(1);
      expect(clock.pending).toBeLessThanOrEqual(1);
    }
    expect(ended).toHaveLength(deadlines.length);
    for (const [due, at] of ended) expect(at).toBe(due);
  });

  test("one as far off as a timer can be set for is reached, and one further off is refused", async () => {
    const { clock, layer, service, handle } = setUp({ deadline: true });
    const far = 2 ** 31 - 1;
    await expect(service.call("a", { deadline: far + 1 })).rejects.toThrow(RangeError);
    await expect(setUp({ ready: 10 }).service.ready({ deadline: far + 1 })).rejects.toThrow(
      "timeout: deadline must be at most 2147483647 ms from now",
    );
    expect([layer.timedOut, handle.calls, clock.pending]).toEqual([0, 0, 0]);
    const call = watch(service.call("a", { deadline: far }));
    await clock.advance(far - 1);
    expect(call.state).toBe("pending");
    await clock.advance(1);
    expect(call).toMatchObject({ state: "rejected", value: after("deadline", far) });
  });
});

describe("promise 3: nothing leaks", () => {
  test("a permit that is released is given back, and no timer is set for it", () => {
    const { clock, service, handle } = setUp({ ready: 10, call: 100, total: 110 });
    {
      using permit = service.tryReady()!;
      expect(permit).toBeDefined();
    }
    service.tryReady()!.release();
    expect(handle).toMatchObject({ reserved: 0, released: 2 });
    expect(clock.pending).toBe(0);
  });

  test("a second call with a permit rejects and reaches nobody (promise 2)", async () => {
    const { service, handle } = setUp();
    const permit = service.tryReady()!;
    const call = permit.call("a");
    await expect(permit.call("b")).rejects.toMatchObject({ code: "ERR_SLUICE_PERMIT_SPENT" });
    (await handle.nextRequest()).respond("A");
    expect(await call).toBe("A");
    expect(handle.calls).toBe(1);
  });

  test("a service inside that throws when asked for readiness is passed on", async () => {
    const { service, handle } = setUp({ ready: 50, call: 100 });
    const error = new Error("broken");
    handle.sendFailure(error);
    expect(() => service.tryReady()).toThrow(error);
    handle.sendFailure(error);
    await expect(service.call("a")).rejects.toBe(error);
  });
});

describe("promise 5: abort", () => {
  test.each([{ call: 100 }, { ready: 100 }, { total: 100 }])(
    "a signal that is aborted already is refused and reaches nobody (%o)",
    async (options) => {
      const { clock, service, handle } = setUp(options);
      const reason = new Error("gone");
      const signal = AbortSignal.abort(reason);
      await expect(service.call("a", { signal })).rejects.toBe(reason);
      await expect(service.ready({ signal })).rejects.toBe(reason);
      await expect(service.tryReady()!.call("a", { signal })).rejects.toBe(reason);
      expect(handle).toMatchObject({ calls: 0, reserved: 0, released: 1 });
      expect(clock.pending).toBe(0);
    },
  );

  test("so is one that aborted between the layers", async () => {
    const { service, handle } = setUp({ ready: 100, call: 100 });
    const inner = stackOf(service);
    const reason = new Error("gone");
    const signal = AbortSignal.abort(reason);
    const failed = vi.fn<(reason: unknown) => void>();
    ask(inner, { signal }, () => {}, failed);
    expect(failed).toHaveBeenCalledExactlyOnceWith(reason);
    await expect(inner.tryReserve("a")!.start("a", { signal }, false)).rejects.toBe(reason);
    expect(handle).toMatchObject({ calls: 0, reserved: 0, released: 1 });
  });

  test("nothing is armed when the signal aborts while those inside are asked for readiness", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const reason = new Error("gone");
    let fail!: (reason: unknown) => void;
    const inner = stackService({
      tryReserve: () => undefined,
      reserve: (asker) => {
        controller.abort(reason);
        expect(asker.signal?.reason).toBe(reason);
        fail = (why) => asker.failed(why);
      },
    });
    const service = new ServiceBuilder().layer(timeout({ ready: 100, clock })).service(inner);
    const ready = watch(service.ready({ signal: controller.signal }));
    expect(clock.pending).toBe(0);
    fail(reason);
    await clock.advance(0);
    expect(ready).toEqual({ state: "rejected", value: reason });
  });

  test("a caller who waits leaves the line with the signal's own reason", async () => {
    const { clock, service, handle } = setUp({ ready: 50 });
    const controller = new AbortController();
    const reason = { code: "mine" };
    handle.allow(0);
    const ready = watch(service.ready({ signal: controller.signal }));
    await clock.advance(10);
    controller.abort(reason);
    expect(handle.waiting).toBe(0);
    expect(clock.pending).toBe(0);
    await clock.advance(0);
    expect(ready).toEqual({ state: "rejected", value: reason });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("an abort in flight is passed down, disarms the timer, and the call settles when the work does", async () => {
    const { clock, layer, service, handle } = setUp({ call: 100 });
    const controller = new AbortController();
    const reason = new Error("gone");
    const call = watch(service.call("a", { signal: controller.signal }));
    const { options, respond } = await handle.nextRequest();
    controller.abort(reason);
    expect(options.signal?.reason).toBe(reason);
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    expect(call.state).toBe("pending");
    respond("all the same");
    await clock.advance(0);
    expect(call).toEqual({ state: "fulfilled", value: "all the same" });
    expect(layer.timedOut).toBe(0);
  });

  /** Of a caller whose abort another listener keeps from everybody else. */
  const unheard = (): AbortController => {
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => {
      event.stopImmediatePropagation();
    });
    return controller;
  };

  test("an abort in flight whose event another listener stopped is told when the time is over, and is no timeout", async () => {
    const { clock, layer, service, handle } = setUp({ call: 100 });
    const controller = unheard();
    const reason = new Error("gone");
    const call = watch(service.call("a", { signal: controller.signal }));
    const { options, fail } = await handle.nextRequest();
    controller.abort(reason);
    await clock.advance(100);
    expect(options.signal?.reason).toBe(reason);
    expect(call.state).toBe("pending");
    fail(reason);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: reason });
    expect(layer).toMatchObject({ timedOut: 0, abandoned: 0 });
  });

  test.each([
    ["a grant", 1, 0],
    ["the end of the time", 0, 50],
  ])("that of a caller who waits is noticed with %s", async (_what, allowed, ms) => {
    const { clock, layer, service, handle } = setUp({ ready: 50 });
    const controller = unheard();
    handle.allow(0);
    const ready = watch(service.ready({ signal: controller.signal }));
    controller.abort("gone");
    handle.allow(allowed);
    await clock.advance(ms);
    await clock.advance(0);
    expect(ready).toEqual({ state: "rejected", value: "gone" });
    expect(handle).toMatchObject({ waiting: 0, reserved: 0, released: allowed });
    expect(layer.timedOut).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test.each([
    ["answered", "fulfilled", 0],
    ["failed", "rejected", 0],
    ["timed out", "rejected", 100],
  ])("no listener stays behind on the signal of a call that is %s", async (end, state, ms) => {
    const { clock, service, handle } = setUp({ call: 100 });
    const { signal } = new AbortController();
    const call = watch(service.call("a", { signal }));
    const { respond, fail } = await handle.nextRequest();
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    if (end === "answered") respond("A");
    if (end === "failed") fail(new Error("no"));
    await clock.advance(ms);
    expect(call.state).toBe(state);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  test.each([
    ["granted", "fulfilled", 1, 0],
    ["timed out", "rejected", 0, 50],
  ])("no listener stays behind on the signal of a wait that is %s", async (_end, state, allowed, ms) => {
    const { clock, service, handle } = setUp({ ready: 50 });
    const { signal } = new AbortController();
    handle.allow(0);
    const ready = watch(service.ready({ signal }));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    handle.allow(allowed);
    await clock.advance(ms);
    expect(ready.state).toBe(state);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  test("a thousand calls put one listener on a signal that they share", async () => {
    const { clock, service, handle } = setUp();
    const { signal } = new AbortController();
    const calls = Array.from({ length: 1_000 }, () => watch(service.call("a", { signal })));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    expect(clock.pending).toBe(1);
    for (const _ of calls) (await handle.nextRequest()).respond("A");
    await clock.advance(0);
    expect(calls.every(({ state }) => state === "fulfilled")).toBe(true);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  test("an abort reaches what goes on behind the answer, as long as that is handed up", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const bodies: { end: () => void; signal: AbortSignal }[] = [];
    const until = ({ body }: { body: Promise<void> }): Promise<void> => body;
    const handedUp: Promise<unknown>[] = [];
    const service = new ServiceBuilder()
      .layer(timeout({ call: 100, clock }))
      .layer(gate(new Semaphore(2), { name: "limit", until }))
      .serviceFn((_request: string, { signal }) => ({
        body: new Promise<void>((end) => bodies.push({ end, signal: signal! })),
      }));
    const waitUntil = (work: Promise<unknown>): void => void handedUp.push(work);
    await service.call("a", { signal: controller.signal, waitUntil });
    await service.call("b", { signal: controller.signal, waitUntil });
    expect(handedUp).toHaveLength(2);
    bodies[0]!.end();
    await clock.advance(0);
    controller.abort("gone");
    expect(bodies.map(({ signal }) => signal.aborted)).toEqual([false, true]);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });
});

describe("promise 6: until it settles", () => {
  const limited = (
    outside: boolean,
  ): {
    clock: VirtualClock;
    semaphore: Semaphore;
    service: Service<string, string, unknown>;
    handle: MockHandle<string, string>;
  } => {
    const clock = new VirtualClock();
    const semaphore = new Semaphore(1);
    const [inner, handle] = mockService<string, string>();
    const limit = gate(semaphore, { name: "limit" });
    const late = timeout({ call: 100, clock });
    const service = outside
      ? new ServiceBuilder().layer(limit).layer(late).service(inner)
      : new ServiceBuilder().layer(late).layer(limit).service(inner);
    return { clock, semaphore, service, handle };
  };

  test.each([true, false])("a limit of 1 never has 2 running (limit outside: %s)", async (outside) => {
    const { clock, semaphore, service, handle } = limited(outside);
    const first = watch(service.call("a"));
    const second = watch(service.call("b"));
    const { respond } = await handle.nextRequest();
    await clock.advance(100);
    expect(first).toMatchObject({ state: "rejected", value: after("call", 100) });
    expect(second.state).toBe("pending");
    expect(semaphore.active).toBe(1);
    expect(handle.active).toBe(1);
    respond("late");
    await clock.advance(0);
    expect(handle.active).toBe(1);
    (await handle.nextRequest()).respond("B");
    await clock.advance(0);
    expect(second).toEqual({ state: "fulfilled", value: "B" });
    expect(semaphore.active).toBe(0);
  });

  test("the work is handed up before the caller hears of it", async () => {
    const { clock, service, handle } = setUp();
    const log: string[] = [];
    const handedUp: Promise<unknown>[] = [];
    const call = service.call("a", {
      waitUntil: (work) => {
        log.push("handed up");
        handedUp.push(work);
      },
    });
    const told = call.catch(() => log.push("told"));
    const { options, respond } = await handle.nextRequest();
    expect(options.waitUntil).toBeTypeOf("function");
    await clock.advance(100);
    await told;
    expect(log).toEqual(["handed up", "told"]);
    respond("late");
    expect(await handedUp[0]).toBe("late");
  });

  test("a waitUntil that throws changes nothing for the caller and is reported", async () => {
    const { clock, service } = setUp();
    const rude = new Error("rude");
    const call = watch(
      service.call("a", {
        waitUntil() {
          throw rude;
        },
      }),
    );
    expect(await unhandledIn(() => clock.advance(100))).toEqual([rude]);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
  });

  test("what those inside hand up reaches those outside", async () => {
    const clock = new VirtualClock();
    const handedUp: Promise<unknown>[] = [];
    const work = Promise.resolve();
    const service = new ServiceBuilder()
      .layer(timeout({ call: 100, clock }))
      .serviceFn((_request: string, { waitUntil }) => waitUntil?.(work));
    const waitUntil = (more: Promise<unknown>): void => void handedUp.push(more);
    await service.call("a", { waitUntil });
    await service.call("b", { waitUntil, signal: new AbortController().signal });
    expect(handedUp).toEqual([work, work]);
  });
});

describe("promise 8: context", () => {
  const storage = new AsyncLocalStorage<string>();

  test("callers are granted, timed out and answered in their own context", async () => {
    const { clock, service, handle } = setUp({ ready: 50, call: 100 });
    handle.allow(0);
    const seen: string[] = [];
    const outside = layerFn("outside", (inner) => {
      const stack = stackOf(inner);
      return stackService({
        tryReserve: stack.tryReserve,
        reserve(asker) {
          const write =
            <T>(then: (value: T) => void) =>
            (value: T): void => {
              seen.push(`${String(asker.request)} ${storage.getStore()}`);
              then(value);
            };
          ask(
            stack,
            asker,
            write((reservation) => asker.granted(reservation)),
            write((reason) => asker.failed(reason)),
          );
        },
      });
    });
    const stack = new ServiceBuilder().layer(outside).service(service);
    const call = (name: string): { state: string } => storage.run(name, () => watch(stack.call(name)));
    const calls = [call("a"), call("b"), call("c")];
    handle.allow(1);
    await storage.run("elsewhere", () => clock.advance(50));
    expect(seen).toEqual(["a a", "b b", "c c"]);
    expect(calls.map(({ state }) => state)).toEqual(["pending", "rejected", "rejected"]);
  });

  /** Work of many callers at once, which notes in whose context each hears of an abort. */
  const noting = (options: TimeoutOptions): { seen: string[]; service: Service<string, never> } => {
    const seen: string[] = [];
    const note = (what: string): void => void seen.push(`${what} in ${storage.getStore()}`);
    const service = new ServiceBuilder().layer(timeout(options)).serviceFn(
      (request: string, { signal }) =>
        new Promise<never>(() => {
          signal!.addEventListener("abort", () => note(`${request} aborted`));
        }),
    );
    return { seen, service };
  };

  test("listeners of the work run in the context of the caller whose call is given up on, whoever armed the timer", async () => {
    const clock = new VirtualClock();
    const { seen, service } = noting({ call: 100, clock });
    for (const name of ["a", "b"]) storage.run(name, () => watch(service.call(name)));
    await storage.run("elsewhere", () => clock.advance(50));
    storage.run("c", () => watch(service.call("c")));
    await storage.run("elsewhere", () => clock.advance(100));
    expect(seen).toEqual(["a aborted in a", "b aborted in b", "c aborted in c"]);
  });

  test("work that is given up on is handed up there", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const service = new ServiceBuilder().layer(timeout({ call: 100, clock })).serviceFn(() => new Promise(() => {}));
    for (const name of ["a", "b"]) {
      const waitUntil = (): void => void seen.push(`${name} in ${storage.getStore()}`);
      storage.run(name, () => watch(service.call(undefined, { waitUntil })));
    }
    await storage.run("elsewhere", () => clock.advance(100));
    expect(seen).toEqual(["a in a", "b in b"]);
  });

  test("what a service of another's making listens to while it is asked for readiness runs there, too", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const service = new ServiceBuilder().layer(timeout({ ready: 100, clock })).service({
      tryReady: () => undefined,
      ready: ({ signal, request } = {}) => {
        signal!.addEventListener("abort", () => seen.push(`${String(request)} in ${storage.getStore()}`));
        return new Promise<never>(() => {});
      },
      call: () => new Promise<never>(() => {}),
    } satisfies Service<string, never>);
    for (const name of ["a", "b"]) storage.run(name, () => watch(service.ready({ request: name })));
    await storage.run("elsewhere", () => clock.advance(100));
    expect(seen).toEqual(["a in a", "b in b"]);
  });

  test("a caller's own abort is told at once, in the context of whoever calls abort(), as on the caller's own signal", () => {
    const { seen, service } = noting({ call: 100, clock: new VirtualClock() });
    const controller = new AbortController();
    storage.run("a", () => watch(service.call("a", { signal: controller.signal })));
    storage.run("the edge", () => controller.abort());
    expect(seen).toEqual(["a aborted in the edge"]);
  });
});

describe("when the end of the time meets something else in the same turn", () => {
  test("an answer that comes before the caller is told wins, and nothing is counted", async () => {
    const clock = new VirtualClock();
    const layer = timeout({ call: 100, clock });
    let answer!: (value: string) => void;
    const service = new ServiceBuilder()
      .layer(layer)
      .serviceFn(() => new Promise<string>((resolve) => (answer = resolve)));
    for (let microtasks = 20; microtasks < 45; microtasks++) {
      const before = layer.timedOut;
      const call = watch(service.call(undefined));
      void clock.advance(100);
      for (let passed = 0; passed < microtasks; passed++) await Promise.resolve();
      answer("A");
      await clock.advance(0);
      // Exactly one of the two.
      expect(call.state).toBe(layer.timedOut === before ? "fulfilled" : "rejected");
      expect(layer.abandoned).toBe(0);
    }
    expect(layer.timedOut).toBeGreaterThan(0);
    expect(clock.pending).toBe(0);
  });

  test("an abort by the caller comes first or last, and the work hears of one", async () => {
    const clock = new VirtualClock();
    const layer = timeout({ call: 100, clock });
    let inside!: AbortSignal;
    const service = new ServiceBuilder().layer(layer).serviceFn((_request: string, { signal }) => {
      inside = signal!;
      return new Promise<never>(() => {});
    });
    for (let microtasks = 0; microtasks < 45; microtasks++) {
      const controller = new AbortController();
      const before = layer.timedOut;
      const call = watch(service.call("a", { signal: controller.signal }));
      void clock.advance(100);
      for (let passed = 0; passed < microtasks; passed++) await Promise.resolve();
      const told = layer.timedOut > before;
      controller.abort("gone");
      await clock.advance(0);
      expect(inside.reason).toBe(told ? call.value : "gone");
      expect([call.state, layer.timedOut - before]).toEqual(told ? ["rejected", 1] : ["pending", 0]);
      expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    }
  });
});

describe("promise 11: free where idle", () => {
  test("the work starts in the same turn, and a layer that bounds nothing answers with the work's own promise", () => {
    let started = 0;
    const answer = Promise.resolve("A");
    const inner = serviceFn((_request: string) => {
      started++;
      return answer;
    });
    const service = stackOf(new ServiceBuilder().layer(timeout({ ready: 50 })).service(inner));
    const options: CallOptions = {};
    expect(service.tryReserve("a")!.start("a", options, false)).toBe(answer);
    expect(started).toBe(1);
  });

  test("around a limit, it adds no more to a response than around the bare service", async () => {
    const costs: number[] = [];
    for (const limit of [undefined, gate(new Semaphore(1), { name: "limit" })]) {
      const [inner, handle] = mockService<string, string>();
      const call = new ServiceBuilder().layer(timeout(100)).layer(limit).service(inner).call("a");
      (await handle.nextRequest()).respond("A");
      costs.push(await hops(call));
    }
    expect(costs[1]).toBe(costs[0]);
  });

  test("it adds one microtask to a response", async () => {
    const { service, handle } = setUp();
    const log: string[] = [];
    const call = service.call("a").then(() => log.push("answered"));
    const { respond } = await handle.nextRequest();
    respond("A");
    void Promise.resolve()
      .then(() => log.push("1"))
      .then(() => log.push("2"));
    await call;
    expect(log).toEqual(["1", "answered", "2"]);
  });
});

describe("promise 13: time is a seam", () => {
  test("one timer serves all who wait and all who are in flight; an idle layer has none", async () => {
    const { clock, service, handle } = setUp({ ready: 200, call: 100 });
    handle.allow(2);
    const calls = [1, 2, 3].map(() => watch(service.call("a")));
    expect(handle).toMatchObject({ active: 2, waiting: 1 });
    expect(clock.pending).toBe(1);
    (await handle.nextRequest()).respond("A");
    await clock.advance(0);
    expect(clock.pending).toBe(1);
    await clock.advance(100);
    expect(calls.map(({ state }) => state)).toEqual(["fulfilled", "rejected", "pending"]);
    expect(clock.pending).toBe(1);
    await clock.advance(100);
    expect(calls.map(({ state }) => state)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(clock.pending).toBe(0);
  });

  test("a timer that was set for one who has left is set again for those who stay", async () => {
    const { clock, service, handle } = setUp({ call: 100 });
    const first = service.call("a");
    await clock.advance(60);
    const second = watch(service.call("b"));
    (await handle.nextRequest()).respond("A");
    await first;
    await clock.advance(99);
    expect(second.state).toBe("pending");
    await clock.advance(1);
    expect(second).toMatchObject({ state: "rejected", value: after("call", 100) });
  });

  test("a timer that fires is believed, though the clock is behind it", async () => {
    const { clock, service } = setUp({ call: 100 });
    const call = watch(service.call("a"));
    clock.jump(-0.5);
    await clock.advance(100);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
    expect(clock.pending).toBe(0);
  });

  test("after a leap of the clock all that is due is given up on together", async () => {
    const { clock, service } = setUp({ call: 100 });
    const first = watch(service.call("a"));
    await clock.advance(50);
    const second = watch(service.call("b"));
    clock.jump(1_000);
    await clock.advance(50);
    expect([first.state, second.state]).toEqual(["rejected", "rejected"]);
  });

  test("a layer value serves all the services it wraps with its one timer", async () => {
    const clock = new VirtualClock();
    const layer = timeout({ call: 100, clock });
    const builder = new ServiceBuilder().layer(layer);
    const never = (): Promise<never> => new Promise(() => {});
    const calls = [builder.serviceFn(never), builder.serviceFn(never)].map((service) => watch(service.call(undefined)));
    expect(clock.pending).toBe(1);
    await clock.advance(100);
    expect(calls.map(({ state }) => state)).toEqual(["rejected", "rejected"]);
    expect(layer.timedOut).toBe(2);
  });

  test("work that is told may begin and end other calls", async () => {
    const clock = new VirtualClock();
    const layer = timeout({ call: 100, clock });
    const controller = new AbortController();
    const again: { state: string; value: unknown }[] = [];
    const service: Service<string, never, unknown> = new ServiceBuilder().layer(layer).serviceFn(
      (request: string, { signal }) =>
        new Promise<never>(() => {
          signal!.addEventListener("abort", () => {
            if (request !== "first") return;
            controller.abort("the other");
            again.push(watch(service.call("again")));
          });
        }),
    );
    const first = watch(service.call("first"));
    const other = watch(service.call("other", { signal: controller.signal }));
    await clock.advance(100);
    expect(first.state).toBe("rejected");
    expect(other.state).toBe("pending");
    await clock.advance(100);
    expect(again).toMatchObject([{ state: "rejected", value: after("call", 100) }]);
    expect(clock.pending).toBe(0);
  });
});

describe("a timeout inside a timeout", () => {
  test("the inner one comes first, and its error is the outer's answer", async () => {
    const clock = new VirtualClock();
    const outer = timeout({ total: 300, clock });
    const inner = timeout({ call: 100, clock });
    const [mock, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(outer).layer(inner).service(mock);
    const call = watch(service.call("a"));
    const { options } = await handle.nextRequest();
    expect(options.deadline).toBe(100);
    await clock.advance(100);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 100) });
    expect([outer.timedOut, inner.timedOut]).toEqual([0, 1]);
    expect(clock.pending).toBe(0);
  });

  test("the outer one comes first, and aborts the innermost work with its error", async () => {
    const clock = new VirtualClock();
    const [mock, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(timeout({ call: 50, clock }))
      .layer(timeout({ call: 100, clock }))
      .service(mock);
    const call = watch(service.call("a"));
    const { options } = await handle.nextRequest();
    await clock.advance(50);
    expect(call).toMatchObject({ state: "rejected", value: after("call", 50) });
    expect(options.signal?.reason).toBe(call.value);
    expect(clock.pending).toBe(0);
  });
});

describe("promise 14: bad options are refused at once", () => {
  const bad: readonly [string, unknown, ErrorConstructor, string][] = [
    ["ms", undefined, TypeError, "received undefined"],
    ["options", null, TypeError, "received null"],
    ["ms", "100", TypeError, 'received "100"'],
    ["ms", 0, RangeError, "ms must be a number above 0 and at most 2147483647; received 0"],
    ["ms", -1, RangeError, "received -1"],
    ["ms", Number.NaN, RangeError, "received NaN"],
    ["ms", Number.POSITIVE_INFINITY, RangeError, "received Infinity"],
    ["ms", 2 ** 31, RangeError, "received 2147483648"],
    ["ready", { ready: "50" }, TypeError, 'ready must be a number above 0 and at most 2147483647; received "50"'],
    ["ready", { ready: 0 }, RangeError, "received 0"],
    ["call", { call: null }, TypeError, "call must be"],
    ["call", { call: 2 ** 31 }, RangeError, "call must be"],
    ["total", { total: -5 }, RangeError, "total must be"],
    ["total", { total: {} }, TypeError, "total must be"],
    ["clock", { call: 1, clock: {} }, TypeError, "clock must be"],
    ["label", { call: 1, label: "" }, TypeError, "label must be"],
  ];
  test.each(bad)("%s: %o", (option, options, kind, message) => {
    const make = (): unknown => timeout(options as number);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
    expect(make).toThrow(new RegExp(`^timeout: ${option} must be .*; received `));
  });

  test.each([{}, { clock: systemClock }, { call: undefined, ready: undefined }])(
    "options that bound nothing are a mistake: %o",
    (options) => {
      const make = (): unknown => timeout(options);
      expect(make).toThrow(TypeError);
      expect(make).toThrow("timeout: options must have ready, call, total or deadline; received none of them");
    },
  );

  test("an option that nobody knows is one, too", () => {
    const misspelt = { cal: 100 } as TimeoutOptions;
    expect(() => timeout(misspelt)).toThrow(new TypeError("timeout: cal is not an option; did you mean call?"));
  });

  test("a layer for callers' deadlines alone says so", async () => {
    for (const deadline of [false, 100, null] as unknown as true[]) {
      expect(() => timeout({ deadline })).toThrow(TypeError);
      expect(() => timeout({ deadline })).toThrow(/^timeout: deadline must be true, or left out; received /);
    }
    const clock = new VirtualClock();
    const never = (): Promise<never> => new Promise(() => {});
    const service = new ServiceBuilder().layer(timeout({ deadline: true, clock })).serviceFn(never);
    const calls = [watch(service.call(undefined)), watch(service.call(undefined, { deadline: 50 }))];
    await clock.advance(50);
    expect(calls).toMatchObject([{ state: "pending" }, { state: "rejected", value: after("deadline", 50) }]);
  });

  test("the longest time, and the system's clock, are fine", () => {
    expect(timeout(2 ** 31 - 1).name).toBe("timeout");
    expect(timeout({ call: 0.5, clock: systemClock }).name).toBe("timeout");
  });
});

test("reservations are core's, so that a stack of many layers stays monomorphic", () => {
  const { service } = setUp();
  expect(stackOf(service).tryReserve("a")).toBeInstanceOf(Reservation);
});

import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import {
  events,
  gate,
  isPermitSpentError,
  isRefusal,
  layerFn,
  type ReadyOptions,
  Semaphore,
  ServiceBuilder,
  serviceFn,
  takeRefusal,
} from "@sluice/core";
import { stackOf, stackService } from "@sluice/core/internal";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { buffer, BufferClosedError, type BufferLayer } from "../src/index.ts";
import { collectGarbage, hops, turn, unhandledIn, watch } from "@sluice/test-kit";

/** A buffer around a mock service that is not ready until the test allows it to be. */
function setUp(capacity: number) {
  const clock = new VirtualClock();
  const [inner, handle] = mockService<string, string>();
  handle.allow(0);
  const queue = buffer({ capacity, clock });
  const service = new ServiceBuilder().layer(queue).service(inner);
  return { clock, handle, queue, service };
}

describe("when the inner service is ready", () => {
  test("promise 11: the call starts in the same turn, and its answer is that of the inner service", async () => {
    const { handle, queue, service } = setUp(1);
    handle.allow(1);
    const answer = service.call("a");
    expect(handle.calls).toBe(1);
    expect(queue).toMatchObject({ queued: 0, available: 1, running: 1 });
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
    expect(queue.running).toBe(0);
  });

  test("promise 11: readiness and the call add no microtask inside other layers", () => {
    const answer = Promise.resolve("A");
    const stack = stackOf(new ServiceBuilder().layer(buffer({ capacity: 1 })).serviceFn(() => answer));
    expect(stack.tryReserve("a")?.start("a", {}, false)).toBe(answer);
  });

  test.each([
    ["queued", 0],
    ["not queued", 1],
  ])(
    "promise 11: around a limit, an answer takes no longer than around the bare service (%s)",
    async (_how, allowed) => {
      const costs: number[] = [];
      for (const limit of [undefined, gate(new Semaphore(1), { name: "limit" })]) {
        const [inner, handle] = mockService<string, string>();
        handle.allow(allowed);
        const service = new ServiceBuilder()
          .layer(buffer({ capacity: 1 }))
          .layer(limit)
          .service(inner);
        const answer = service.call("a");
        if (allowed === 0) handle.allow(1);
        (await handle.nextRequest()).respond("A");
        costs.push(await hops(answer));
      }
      expect(costs[1]).toBe(costs[0]);
    },
  );

  test("more than `capacity` calls may run", () => {
    const { handle, queue, service } = setUp(1);
    handle.allow(3);
    for (const request of ["a", "b", "c"]) void service.call(request);
    expect(handle.calls).toBe(3);
    expect(queue).toMatchObject({ running: 3, available: 1 });
  });
});

describe("when the inner service is not ready", () => {
  test("it is ready as long as a slot is free, and requests wait in order", async () => {
    const { handle, queue, service } = setUp(2);
    const answers = [service.call("a"), service.call("b")];
    expect(queue).toMatchObject({ capacity: 2, queued: 2, available: 0, running: 0 });
    await turn();
    expect(handle.waiting).toBe(1);
    handle.allow(1);
    const a = await handle.nextRequest();
    expect(a.request).toBe("a");
    await turn();
    handle.expectNoRequest();
    handle.allow(1);
    const b = await handle.nextRequest();
    expect(b.request).toBe("b");
    b.respond("B");
    a.respond("A");
    expect(await Promise.all(answers)).toEqual(["A", "B"]);
  });

  test("a slot is free as soon as the inner service has granted, and not when it answers", async () => {
    const { handle, queue, service } = setUp(1);
    void service.call("a");
    expect(service.tryReady()).toBeUndefined();
    handle.allow(1);
    await handle.nextRequest();
    expect(queue).toMatchObject({ queued: 0, available: 1, running: 1 });
    expect(service.tryReady()).toBeDefined();
  });

  test("a full buffer refuses in its own name", () => {
    const { service } = setUp(1);
    service.tryReady();
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "buffer", retryAfter: undefined });
  });

  test("a newcomer waits behind those in the queue, also when the inner service is ready again", async () => {
    const { handle, service } = setUp(3);
    void service.call("a");
    void service.call("b");
    handle.allow(1);
    await handle.nextRequest();
    // "b" has not asked yet.
    handle.allow(2);
    void service.call("c");
    expect((await handle.nextRequest()).request).toBe("b");
    expect((await handle.nextRequest()).request).toBe("c");
  });

  test("a newcomer waits behind them also where the inner service would overtake", async () => {
    const begun: string[] = [];
    const grants: (() => void)[] = [];
    let ready = false;
    const unfair = layerFn("unfair", (inner) => {
      const { tryReserve } = stackOf(inner);
      return stackService({
        tryReserve: (request) => (ready ? tryReserve(request) : undefined),
        reserve(asker) {
          grants.push(() => {
            asker.granted(tryReserve(asker.request)!);
          });
        },
      });
    });
    const service = new ServiceBuilder()
      .layer(buffer({ capacity: 2 }))
      .layer(unfair)
      .serviceFn((request: string) => begun.push(request));
    void service.call("a");
    ready = true;
    void service.call("b");
    expect(begun).toEqual([]);
    grants.shift()?.();
    await turn();
    grants.shift()?.();
    expect(begun).toEqual(["a", "b"]);
  });

  test("the inner service is told the request and the deadline, and the call gets the caller's options", async () => {
    const asked: ReadyOptions[] = [];
    const semaphore = new Semaphore(0);
    const spy = layerFn("spy", (inner) => {
      const { tryReserve, reserve } = stackOf(inner);
      return stackService({
        tryReserve,
        reserve(asker) {
          asked.push(asker);
          reserve(asker);
        },
      });
    });
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(buffer({ capacity: 1 }))
      .layer(spy)
      .layer(gate(semaphore, { name: "limit" }))
      .service(inner);
    const { signal } = new AbortController();
    const handed: Promise<unknown>[] = [];
    void service.call("a", { signal, deadline: 7, waitUntil: (work) => handed.push(work) });
    expect(asked).toMatchObject([{ request: "a", deadline: 7 }]);
    semaphore.max = 1;
    const { options } = await handle.nextRequest();
    expect(options.signal).toBe(signal);
    expect(options.deadline).toBe(7);
    const work = Promise.resolve();
    options.waitUntil?.(work);
    expect(handed).toEqual([work]);
  });

  test("`oldestQueued` is how long the first of the queue has waited", async () => {
    const { clock, handle, queue, service } = setUp(2);
    expect(queue.oldestQueued).toBe(0);
    void service.call("a");
    await clock.advance(30);
    void service.call("b");
    await clock.advance(10);
    expect(queue.oldestQueued).toBe(40);
    handle.allow(1);
    await clock.advance(0);
    expect(queue.oldestQueued).toBe(10);
    handle.allow(1);
    await clock.advance(5);
    expect(queue.oldestQueued).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe("promise 1: reservation", () => {
  test("a permit is a slot, whether or not the inner service is ready", () => {
    const { handle, queue, service } = setUp(2);
    const permits = [service.tryReady(), service.tryReady()];
    expect(permits).not.toContain(undefined);
    expect(service.tryReady()).toBeUndefined();
    expect(queue).toMatchObject({ available: 0, queued: 0 });
    expect(handle.reserved).toBe(0);
  });

  test("a permit that is released frees its slot", () => {
    const { queue, service } = setUp(1);
    {
      using permit = service.tryReady();
      expect(permit).toBeDefined();
      expect(queue.available).toBe(0);
    }
    expect(queue.available).toBe(1);
  });

  test("promise 2: a permit is good for one call", async () => {
    const { handle, queue, service } = setUp(1);
    const permit = service.tryReady()!;
    void permit.call("a");
    await expect(permit.call("b")).rejects.toSatisfy(isPermitSpentError);
    permit.release();
    expect(queue).toMatchObject({ queued: 1, available: 0 });
    handle.allow(5);
    await handle.nextRequest();
    expect(handle.calls).toBe(1);
  });
});

describe("promise 3: nothing leaks", () => {
  test.each([
    ["answers", (respond: () => void, _fail: () => void) => respond()],
    ["fails", (_respond: () => void, fail: () => void) => fail()],
  ])("when the inner service %s, queued or not", async (_what, settle) => {
    const { handle, queue, service } = setUp(1);
    const queued = watch(service.call("a"));
    handle.allow(2);
    const a = await handle.nextRequest();
    const direct = watch(service.call("b"));
    const b = await handle.nextRequest();
    expect(queue.running).toBe(2);
    settle(
      () => a.respond("A"),
      () => a.fail("bad A"),
    );
    settle(
      () => b.respond("B"),
      () => b.fail("bad B"),
    );
    await turn();
    expect([queued()[0], direct()[0]]).not.toContain("pending");
    expect(queue).toMatchObject({ running: 0, queued: 0, available: 1 });
  });

  test("when the handler throws", async () => {
    const error = new Error("thrown");
    const queue = buffer({ capacity: 1 });
    const service = new ServiceBuilder().layer(queue).serviceFn(() => {
      throw error;
    });
    await expect(service.call(1)).rejects.toBe(error);
    expect(queue).toMatchObject({ running: 0, available: 1 });
  });

  test("when members of the options cannot be read", async () => {
    const { handle, queue, service } = setUp(1);
    const error = new Error("hostile");
    const hostile = {
      get deadline(): number {
        throw error;
      },
    };
    await expect(service.tryReady()!.call("a", hostile)).rejects.toBe(error);
    handle.allow(1);
    await expect(service.tryReady()!.call("a", hostile)).rejects.toBe(error);
    expect(queue).toMatchObject({ running: 0, queued: 0, available: 1 });
    expect(handle.reserved).toBe(0);
  });

  test("services that come and go leave nothing behind", async () => {
    const queue = buffer({ capacity: 1 });
    const use = async (): Promise<WeakRef<object>> => {
      const [inner, handle] = mockService<string, string>();
      handle.allow(0);
      const answer = queue.wrap(inner).call("a");
      handle.allow(1);
      (await handle.nextRequest()).respond("A");
      await answer;
      return new WeakRef(inner);
    };
    const inner = await use();
    await turn();
    collectGarbage();
    expect(inner.deref()).toBeUndefined();
    expect(queue).toMatchObject({ running: 0, queued: 0, available: 1, oldestQueued: 0 });
  });
});

describe("promise 4: callers in line for a slot", () => {
  test("are served first come, first served, and nobody slips past", async () => {
    const { handle, queue, service } = setUp(1);
    const order: string[] = [];
    const first = service.tryReady()!;
    const permits = ["b", "c"].map((name) =>
      service.ready().then((permit) => {
        order.push(name);
        return permit;
      }),
    );
    expect(queue.waiting).toBe(2);
    first.release();
    // "b" was granted and has not moved on yet.
    expect(service.tryReady()).toBeUndefined();
    void (await permits[0]!).call("b");
    expect(service.tryReady()).toBeUndefined();
    handle.allow(1);
    await handle.nextRequest();
    await permits[1]!;
    expect(order).toEqual(["b", "c"]);
    expect(queue).toMatchObject({ waiting: 0, available: 0 });
  });

  test("who calls without asking first waits in line for a slot, then for the inner service", async () => {
    const { handle, queue, service } = setUp(1);
    const answers = ["a", "b", "c"].map((request) => service.call(request));
    expect(queue).toMatchObject({ queued: 1, waiting: 2 });
    for (const request of ["a", "b", "c"]) {
      handle.allow(1);
      const arrived = await handle.nextRequest();
      expect(arrived.request).toBe(request);
      arrived.respond(request.toUpperCase());
    }
    expect(await Promise.all(answers)).toEqual(["A", "B", "C"]);
  });

  test("who was granted a slot and has not moved on is not overtaken, also where another slot is free", async () => {
    const { handle, service } = setUp(2);
    const held = [service.tryReady()!, service.tryReady()!];
    void service.call("a");
    for (const permit of held) permit.release();
    void service.call("b");
    handle.allow(2);
    expect((await handle.nextRequest()).request).toBe("a");
    expect((await handle.nextRequest()).request).toBe("b");
  });

  test("who stood behind somebody on the move gets the slot that is free, though nobody gives one back", async () => {
    const { queue, service } = setUp(2);
    const held = [service.tryReady()!, service.tryReady()!];
    const permits = [service.ready()];
    for (const permit of held) permit.release();
    permits.push(service.ready());
    expect(queue).toMatchObject({ waiting: 1, available: 1 });
    await Promise.all(permits);
    expect(queue).toMatchObject({ waiting: 0, available: 0 });
  });

  test("leave at once when they abort, with the signal's own reason", async () => {
    const { queue, service } = setUp(1);
    service.tryReady();
    const controller = new AbortController();
    const ready = service.ready({ signal: controller.signal });
    const reason = { why: "enough" };
    controller.abort(reason);
    expect(queue.waiting).toBe(0);
    await expect(ready).rejects.toBe(reason);
  });

  test("who aborts between the grant and the next microtask gets the reason, and the slot is not lost", async () => {
    const { queue, service } = setUp(1);
    const held = service.tryReady()!;
    const controller = new AbortController();
    const ready = service.ready({ signal: controller.signal });
    held.release();
    controller.abort("late");
    await expect(ready).rejects.toBe("late");
    expect(queue.available).toBe(1);
  });

  test("services that one buffer wraps share its slots, and the line for them", async () => {
    const queue = buffer({ capacity: 1 });
    const [[one, oneHandle], [two, twoHandle]] = [mockService<string, string>(), mockService<string, string>()];
    oneHandle.allow(0);
    twoHandle.allow(0);
    const [first, second] = [queue.wrap(one), queue.wrap(two)];
    void first.call("a");
    expect(second.tryReady()).toBeUndefined();
    void second.call("b");
    expect(queue).toMatchObject({ queued: 1, waiting: 1 });
    oneHandle.allow(1);
    await turn();
    expect(queue).toMatchObject({ queued: 1, waiting: 0, running: 1 });
    twoHandle.allow(1);
    expect((await twoHandle.nextRequest()).request).toBe("b");
    expect(queue).toMatchObject({ queued: 0, running: 2, available: 1 });
  });

  test("the queues of two services do not hold up each other", async () => {
    const queue = buffer({ capacity: 2 });
    const [[one, oneHandle], [two]] = [mockService<string, string>(), mockService<string, string>()];
    oneHandle.allow(0);
    void queue.wrap(one).call("a");
    void queue.wrap(two).call("b");
    expect(queue).toMatchObject({ queued: 1, running: 1 });
  });

  test("the same buffer twice in a stack is refused", () => {
    const queue = buffer({ capacity: 1 });
    const builder = new ServiceBuilder().layer(queue).layer(queue);
    expect(builder.describe()).toEqual(["buffer", "buffer"]);
    expect(() => builder.serviceFn(() => 1)).toThrow(TypeError);
  });
});

describe("promise 5: abort", () => {
  test.each([
    ["the first in the queue", 0],
    ["one in the middle", 1],
    ["the last", 2],
  ])("%s leaves at once, frees its slot, rejects with the reason and is never started", async (_who, at) => {
    const { handle, queue, service } = setUp(3);
    const controllers = ["a", "b", "c"].map((request) => {
      const controller = new AbortController();
      const state = watch(service.call(request, { signal: controller.signal }));
      return { controller, request, state };
    });
    const reason = { why: "enough" };
    const [gone] = controllers.splice(at, 1);
    gone!.controller.abort(reason);
    expect(queue).toMatchObject({ queued: 2, available: 1 });
    await turn();
    expect(gone!.state()).toEqual(["broken", reason]);
    handle.allow(10);
    for (const { request } of controllers) expect((await handle.nextRequest()).request).toBe(request);
    handle.expectNoRequest();
    expect(handle.reserved).toBe(0);
  });

  test("the first in the queue takes back what it asked for", async () => {
    const { handle, service } = setUp(1);
    const controller = new AbortController();
    const state = watch(service.call("a", { signal: controller.signal }));
    expect(handle.waiting).toBe(1);
    controller.abort("enough");
    expect(handle.waiting).toBe(0);
    await turn();
    expect(state()).toEqual(["broken", "enough"]);
  });

  test("who becomes the first and aborts in the same turn leaves nobody waiting inside", async () => {
    const { handle, queue, service } = setUp(2);
    const controllers = [new AbortController(), new AbortController()];
    const states = controllers.map(({ signal }) => watch(service.call("a", { signal })));
    for (const controller of controllers) controller.abort("enough");
    await turn();
    expect(states.map((state) => state()[0])).toEqual(["broken", "broken"]);
    expect(handle.waiting).toBe(0);
    expect(queue.available).toBe(2);
  });

  test.each<["abort" | "close", unknown]>([
    ["abort", "enough"],
    ["close", expect.any(BufferClosedError)],
  ])("a grant that comes all the same is given back: after %s", async (end, reason) => {
    let grant!: () => void;
    // It does not look at the signal.
    const stubborn = layerFn("stubborn", (inner) => {
      const { tryReserve } = stackOf(inner);
      return stackService({
        tryReserve: () => undefined,
        reserve(asker) {
          grant = () => {
            asker.granted(tryReserve(asker.request)!);
          };
        },
      });
    });
    const [inner, handle] = mockService<string, string>();
    const queue = buffer({ capacity: 1 });
    const service = new ServiceBuilder().layer(queue).layer(stubborn).service(inner);
    const controller = new AbortController();
    const state = watch(service.call("a", end === "abort" ? { signal: controller.signal } : {}));
    if (end === "abort") controller.abort("enough");
    else queue.close();
    grant();
    await turn();
    expect(state()).toEqual(["broken", reason]);
    expect(handle).toMatchObject({ calls: 0, reserved: 0, released: 1 });
  });

  test("an abort whose event another listener stopped is noticed with the grant, which is given back", async () => {
    const { handle, queue, service } = setUp(1);
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => {
      event.stopImmediatePropagation();
    });
    const state = watch(service.call("a", { signal: controller.signal }));
    controller.abort("enough");
    handle.allow(1);
    await turn();
    expect(state()).toEqual(["broken", "enough"]);
    expect(handle).toMatchObject({ calls: 0, reserved: 0, released: 1 });
    expect(queue.available).toBe(1);
  });

  test("a signal that is aborted already reaches nobody", async () => {
    const { handle, queue, service } = setUp(1);
    handle.allow(1);
    const signal = AbortSignal.abort("before");
    await expect(service.call("a", { signal })).rejects.toBe("before");
    await expect(service.tryReady()!.call("a", { signal })).rejects.toBe("before");
    // Also from a layer outside, which hands a reservation no check.
    await expect(stackOf(service).tryReserve("a")!.start("a", { signal }, false)).rejects.toBe("before");
    expect(handle.calls).toBe(0);
    expect(queue.available).toBe(1);
  });

  test("an abort out of the inner service's own readiness reaches nobody", async () => {
    const controller = new AbortController();
    const queue = buffer({ capacity: 1 });
    const refusing = layerFn("refusing", (inner) =>
      stackService({
        tryReserve() {
          controller.abort("from within");
          return undefined;
        },
        reserve: stackOf(inner).reserve,
      }),
    );
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(queue).layer(refusing).service(inner);
    await expect(service.call("a", { signal: controller.signal })).rejects.toBe("from within");
    expect(handle.calls).toBe(0);
    expect(queue).toMatchObject({ queued: 0, available: 1 });
  });

  test("in flight, the signal is passed down, and the call settles when the work does", async () => {
    const { handle, queue, service } = setUp(1);
    const controller = new AbortController();
    const state = watch(service.call("a", { signal: controller.signal }));
    handle.allow(1);
    const { options, respond } = await handle.nextRequest();
    controller.abort("enough");
    await turn();
    expect(options.signal?.aborted).toBe(true);
    expect(state()).toEqual(["pending"]);
    expect(queue.running).toBe(1);
    respond("A");
    await turn();
    expect(state()).toEqual(["kept", "A"]);
  });

  test("when the grant comes first, the call starts; what comes too late is given back", async () => {
    const { handle, service } = setUp(2);
    const [early, late] = [new AbortController(), new AbortController()];
    const first = watch(service.call("a", { signal: early.signal }));
    const second = watch(service.call("b", { signal: late.signal }));
    handle.allow(2);
    // Granted by the inner service, and not told yet.
    early.abort("enough");
    await turn();
    expect(first()).toEqual(["broken", "enough"]);
    expect((await handle.nextRequest()).request).toBe("b");
    late.abort("too late");
    await turn();
    expect(second()).toEqual(["pending"]);
    expect(handle).toMatchObject({ calls: 1, reserved: 0, allowed: 1 });
  });

  test("no listener is left behind", async () => {
    const { handle, queue, service } = setUp(4);
    const { signal } = new AbortController();
    const states = ["a", "b", "c"].map((request) => watch(service.call(request, { signal })));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    handle.allow(1);
    await turn();
    handle.sendFailure("not ready");
    await turn();
    queue.close();
    await turn();
    expect(states.map((state) => state()[0])).toEqual(["pending", "broken", "broken"]);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

describe("promise 6: until it settles", () => {
  test("a limit outside and a limit inside stay for work that was handed up, queued or not", async () => {
    for (const queued of [false, true]) {
      const [outer, inner] = [new Semaphore(5), new Semaphore(queued ? 0 : 1)];
      const queue = buffer({ capacity: 1 });
      let done!: () => void;
      const work = new Promise<void>((resolve) => {
        done = resolve;
      });
      const service = new ServiceBuilder()
        .layer(gate(outer, { name: "outer" }))
        .layer(queue)
        .layer(gate(inner, { name: "inner" }))
        .serviceFn((_request: string, { waitUntil }) => {
          waitUntil?.(work);
          return "answered";
        });
      const answer = service.call("a");
      expect(queue.queued).toBe(queued ? 1 : 0);
      inner.max = 1;
      expect(await answer).toBe("answered");
      expect([outer.active, queue.running, inner.active]).toEqual([1, 1, 1]);
      done();
      await turn();
      expect([outer.active, queue.running, inner.active]).toEqual([0, 0, 0]);
    }
  });
});

describe("promise 7 and 12: failures of readiness", () => {
  test("are the failure, as they are, of the request that was asked for, and the next in line asks again", async () => {
    const { handle, queue, service } = setUp(3);
    const states = ["a", "b", "c"].map((request) => watch(service.call(request)));
    await turn();
    const error = new Error("no connection");
    handle.sendFailure(error);
    await turn();
    expect(states.map((state) => state())).toEqual([["broken", error], ["pending"], ["pending"]]);
    expect(queue).toMatchObject({ queued: 2, available: 1 });
    handle.allow(2);
    expect((await handle.nextRequest()).request).toBe("b");
    expect((await handle.nextRequest()).request).toBe("c");
  });

  test("reject, also where the inner service throws them", async () => {
    const { handle, queue, service } = setUp(1);
    const error = new Error("no connection");
    handle.sendFailure(error);
    await expect(service.call("a")).rejects.toBe(error);
    expect(queue.available).toBe(1);
    handle.allow(1);
    void service.call("b");
    expect((await handle.nextRequest()).request).toBe("b");
  });

  test("wake a caller in line for a slot", async () => {
    const { handle, service } = setUp(1);
    const failed = watch(service.call("a"));
    const waiting = watch(service.ready());
    handle.sendFailure("no connection");
    await turn();
    expect(failed()).toEqual(["broken", "no connection"]);
    expect(waiting()[0]).toBe("kept");
  });
});

describe("promise 8: the async context", () => {
  const storage = new AsyncLocalStorage<string>();

  test("is that of the caller who asked, in the handler and while the inner service is asked", async () => {
    const seen: string[] = [];
    const semaphore = new Semaphore(0);
    const asking = layerFn("asking", (inner) => {
      const { tryReserve, reserve } = stackOf(inner);
      return stackService({
        tryReserve,
        reserve(asker) {
          seen.push(`${String(asker.request)} asks as ${storage.getStore()}`);
          reserve(asker);
        },
      });
    });
    const service = new ServiceBuilder()
      .layer(buffer({ capacity: 2 }))
      .layer(asking)
      .layer(gate(semaphore, { name: "limit" }))
      .serviceFn(async (request: string) => {
        await Promise.resolve();
        seen.push(`${request} runs as ${storage.getStore()}`);
      });
    const answers = ["a", "b", "c"].map((name) => storage.run(`caller ${name}`, () => service.call(name)));
    semaphore.max = 1;
    await Promise.all(answers);
    expect(seen.sort()).toEqual(
      ["a", "b", "c"].flatMap((name) => [`${name} asks as caller ${name}`, `${name} runs as caller ${name}`]),
    );
  });
});

describe("promise 11: unhandled rejections", () => {
  test.each([
    ["queued", 0],
    ["not queued", 1],
  ])("a failure that the caller ignores is reported, one that is handled is not (%s)", async (_how, allowed) => {
    const error = new Error("ignored");
    const { handle, service } = setUp(2);
    handle.allow(allowed);
    const fail = async (call: () => Promise<unknown>): Promise<void> => {
      void call();
      handle.allow(1);
      (await handle.nextRequest()).fail(error);
    };
    expect(await unhandledIn(() => fail(() => service.call("a")))).toEqual([error]);
    handle.allow(allowed);
    expect(await unhandledIn(() => fail(() => service.call("a").catch(() => {})))).toEqual([]);
  });

  test("an ignored close is reported once for each request", async () => {
    const { queue, service } = setUp(1);
    const reported = await unhandledIn(() => {
      void service.call("a");
      queue.close();
    });
    expect(reported).toEqual([expect.any(BufferClosedError)]);
  });
});

describe("close", () => {
  test("fails what waits and those in line for a slot, and lets go on what runs", async () => {
    const { handle, queue, service } = setUp(2);
    handle.allow(1);
    const running = watch(service.call("a"));
    const queued = [watch(service.call("b")), watch(service.call("c"))];
    const inLine = [watch(service.ready()), watch(service.call("d"))];
    await turn();
    queue.close();
    expect(handle.waiting).toBe(0);
    await turn();
    for (const state of [...queued, ...inLine]) expect(state()).toEqual(["broken", expect.any(BufferClosedError)]);
    expect(running()).toEqual(["pending"]);
    expect(queue).toMatchObject({ running: 1, queued: 0, waiting: 0, available: 2 });
    (await handle.nextRequest()).respond("A");
    await turn();
    expect(running()).toEqual(["kept", "A"]);
  });

  test("refuses new work, and goes on refusing it", async () => {
    const { handle, queue, service } = setUp(1);
    handle.allow(1);
    queue.close();
    queue.close();
    for (let time = 0; time < 2; time++) {
      expect(() => service.tryReady()).toThrow(BufferClosedError);
      await expect(service.ready()).rejects.toBeInstanceOf(BufferClosedError);
      await expect(service.call("a")).rejects.toBeInstanceOf(BufferClosedError);
    }
    expect(handle.calls).toBe(0);
  });

  test("refuses permits in hand", async () => {
    const { handle, queue, service } = setUp(2);
    handle.allow(2);
    const [called, released] = [service.tryReady()!, service.tryReady()!];
    queue.close();
    void queue.drain();
    await expect(called.call("a")).rejects.toBeInstanceOf(BufferClosedError);
    released.release();
    expect(handle.calls).toBe(0);
    expect(queue.available).toBe(2);
  });

  test("refuses somebody who was granted a slot and has not learned of it yet", async () => {
    const { handle, queue, service } = setUp(1);
    handle.allow(1);
    const held = service.tryReady()!;
    const answer = service.call("a");
    held.release();
    queue.close();
    await expect(answer).rejects.toBeInstanceOf(BufferClosedError);
    expect(handle.calls).toBe(0);
    expect(queue.available).toBe(1);
  });

  test("out of the inner service's own readiness leaves nobody waiting", async () => {
    const queue = buffer({ capacity: 1 });
    const closing = layerFn("closing", (inner) =>
      stackService({
        tryReserve() {
          queue.close();
          return undefined;
        },
        reserve: stackOf(inner).reserve,
      }),
    );
    const service = new ServiceBuilder()
      .layer(queue)
      .layer(closing)
      .serviceFn(() => "reached");
    await expect(service.call(1)).rejects.toBeInstanceOf(BufferClosedError);
    expect(queue).toMatchObject({ queued: 0, available: 1 });
  });
});

describe("drain", () => {
  test("is kept at once when there is nothing to finish, and is the same promise each time", async () => {
    const { queue, service } = setUp(1);
    const drained = queue.drain();
    expect(queue.drain()).toBe(drained);
    await drained;
    expect(() => service.tryReady()).toThrow(BufferClosedError);
    await expect(service.call("a")).rejects.toBeInstanceOf(BufferClosedError);
    expect(queue.drain()).toBe(drained);
  });

  test("finishes what waits and what runs, and fails those in line for a slot", async () => {
    const { handle, queue, service } = setUp(1);
    handle.allow(1);
    const running = watch(service.call("a"));
    const queued = watch(service.call("b"));
    const inLine = watch(service.call("c"));
    const drained = watch(queue.drain());
    await turn();
    expect(inLine()).toEqual(["broken", expect.any(BufferClosedError)]);
    (await handle.nextRequest()).respond("A");
    await turn();
    expect([running()[0], drained()[0]]).toEqual(["kept", "pending"]);
    handle.allow(1);
    (await handle.nextRequest()).respond("B");
    await turn();
    expect([queued()[0], drained()[0]]).toEqual(["kept", "kept"]);
  });

  test("honours permits in hand, and waits for them", async () => {
    const { handle, queue, service } = setUp(2);
    const [called, released] = [service.tryReady()!, service.tryReady()!];
    const drained = watch(queue.drain());
    const answer = called.call("a");
    handle.allow(1);
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
    await turn();
    expect(drained()).toEqual(["pending"]);
    released.release();
    await turn();
    expect(drained()[0]).toBe("kept");
  });

  test("honours a slot that was granted and not taken yet", async () => {
    const { handle, queue, service } = setUp(1);
    const held = service.tryReady()!;
    const answer = service.call("a");
    held.release();
    const drained = watch(queue.drain());
    handle.allow(1);
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
    await turn();
    expect(drained()[0]).toBe("kept");
  });

  test("waits for work that was handed up", async () => {
    const queue = buffer({ capacity: 1 });
    let done!: () => void;
    const service = new ServiceBuilder().layer(queue).serviceFn((_request: string, { waitUntil }) => {
      waitUntil?.(
        new Promise<void>((resolve) => {
          done = resolve;
        }),
      );
      return "answered";
    });
    expect(await service.call("a")).toBe("answered");
    const drained = watch(queue.drain());
    await turn();
    expect(drained()).toEqual(["pending"]);
    done();
    await turn();
    expect(drained()[0]).toBe("kept");
  });

  test("does not take the moment between queue and handler for the end", async () => {
    const { handle, queue, service } = setUp(1);
    void service.call("a");
    const drained = watch(queue.drain());
    handle.allow(1);
    const { respond } = await handle.nextRequest();
    await turn();
    expect(drained()).toEqual(["pending"]);
    respond("A");
    await turn();
    expect(drained()[0]).toBe("kept");
  });

  test("the answers are out when it is kept", async () => {
    const { handle, queue, service } = setUp(1);
    const answers = [watch(service.call("a"))];
    handle.allow(2);
    const a = await handle.nextRequest();
    answers.push(watch(service.call("b")));
    const b = await handle.nextRequest();
    const seen = queue
      .drain()
      .then(() => Promise.resolve())
      .then(() => answers.map((state) => state()[0]));
    a.respond("A");
    b.fail("bad B");
    expect(await seen).toEqual(["kept", "broken"]);
  });

  test("is kept when what waits is aborted or fails", async () => {
    const { handle, queue, service } = setUp(2);
    const controller = new AbortController();
    const states = [watch(service.call("a", { signal: controller.signal })), watch(service.call("b"))];
    const drained = watch(queue.drain());
    controller.abort("enough");
    await turn();
    expect(drained()).toEqual(["pending"]);
    handle.sendFailure("no connection");
    await turn();
    expect(states.map((state) => state()[1])).toEqual(["enough", "no connection"]);
    expect(drained()[0]).toBe("kept");
  });

  test("a close cuts it short: what waits fails, and it is kept when what runs has settled", async () => {
    const { handle, queue, service } = setUp(2);
    handle.allow(1);
    void service.call("a");
    const idle = service.tryReady()!;
    const queued = watch(service.call("b"));
    const drained = watch(queue.drain());
    queue.close();
    await turn();
    expect(queued()).toEqual(["broken", expect.any(BufferClosedError)]);
    expect(drained()).toEqual(["pending"]);
    (await handle.nextRequest()).respond("A");
    await turn();
    // Nobody waits for the permit in hand, which can only come to nothing now.
    expect(drained()[0]).toBe("kept");
    await expect(idle.call("c")).rejects.toBeInstanceOf(BufferClosedError);
  });

  test("a close makes up for a permit that nobody uses", async () => {
    const { queue, service } = setUp(1);
    service.tryReady();
    const drained = watch(queue.drain());
    await turn();
    expect(drained()).toEqual(["pending"]);
    queue.close();
    await turn();
    expect(drained()[0]).toBe("kept");
  });

  test("after a close it waits for what runs", async () => {
    const { handle, queue, service } = setUp(1);
    handle.allow(1);
    void service.call("a");
    queue.close();
    const drained = watch(queue.drain());
    await turn();
    expect(drained()).toEqual(["pending"]);
    (await handle.nextRequest()).respond("A");
    await turn();
    expect(drained()[0]).toBe("kept");
    await expect(service.call("b")).rejects.toBeInstanceOf(BufferClosedError);
  });
});

describe("promise 14: bad options", () => {
  test.each([
    [undefined, TypeError, /buffer: capacity .* received undefined/],
    [null, TypeError, /buffer: options .* received null/],
    [10, TypeError, /buffer: options .* received 10/],
    [{}, TypeError, /buffer: capacity .* received undefined/],
    [{ capacity: "10" }, TypeError, /buffer: capacity .* received "10"/],
    [{ capacity: 0 }, RangeError, /buffer: capacity .* received 0/],
    [{ capacity: -1 }, RangeError, /buffer: capacity .* received -1/],
    [{ capacity: 1.5 }, RangeError, /buffer: capacity .* received 1.5/],
    [{ capacity: Number.NaN }, RangeError, /buffer: capacity .* received NaN/],
    [{ capacity: Number.POSITIVE_INFINITY }, RangeError, /buffer: capacity .* received Infinity/],
    [{ capacity: 1, clock: {} }, TypeError, /buffer: clock .* received an object/],
    [{ capacity: 1, clock: null }, TypeError, /buffer: clock .* received null/],
  ])("%o", (options, kind, message) => {
    expect(() => buffer(options as never)).toThrow(kind);
    expect(() => buffer(options as never)).toThrow(message);
  });
});

describe("a buffer is a plain layer", () => {
  test("it has its counters and controls, and is no gate that waits for ever", () => {
    const queue = buffer({ capacity: 2, label: "mails" });
    const layer = ["about", "name", "state", "toJSON", "wrap"];
    const counters = ["active", "available", "capacity", "oldestQueued", "queued", "running", "waiting"];
    expect(new Set(Object.keys(queue))).toEqual(new Set([...layer, ...counters, "close", "drain"]));
    expect(queue.about).toEqual({ label: "mails", traits: ["queues"], facts: { capacity: 2 } });
  });

  test("a spread of it keeps its controls", async () => {
    const queue = buffer({ capacity: 2 });
    const copy = { ...queue };
    await copy.drain();
    expect(() => queue.wrap(serviceFn(() => 1)).tryReady()).toThrow(BufferClosedError);
    copy.close();
  });

  test("active and available are the slots held and free, also while permits are only reserved", () => {
    const queue = buffer({ capacity: 2 });
    const permit = queue.wrap(serviceFn(() => 1)).tryReady();
    expect(queue).toMatchObject({ active: 1, available: 1, queued: 0, running: 0 });
    permit?.release();
    expect(queue).toMatchObject({ active: 0, available: 2 });
  });

  test("JSON.stringify writes its name, label and counters, also while requests wait", () => {
    const queue = buffer({ capacity: 2, label: "mails", clock: new VirtualClock() });
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    void queue.wrap(inner).call("a");
    expect(JSON.parse(JSON.stringify(queue))).toEqual({
      name: "buffer",
      label: "mails",
      capacity: 2,
      active: 1,
      available: 1,
      waiting: 0,
      queued: 1,
      oldestQueued: 0,
      running: 0,
    });
  });
});

describe("what is seen of a buffer", () => {
  const seen = async (act: (queue: BufferLayer) => unknown): Promise<unknown[]> => {
    const heard: unknown[] = [];
    const subscription = events.subscribe(({ type, layer, label, waiting }) =>
      heard.push([type, layer, label, waiting]),
    );
    const queue = buffer({ capacity: 2, label: "mails" });
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const call = queue.wrap(inner).call("a");
    call.catch(() => {});
    act(queue);
    handle.allow(1);
    if (queue.queued === 1) (await handle.nextRequest()).respond("A");
    await turn();
    subscription[Symbol.dispose]();
    return heard;
  };

  test("draining is announced once, and that it has drained", async () => {
    const drained = await seen((queue) => {
      void queue.drain();
      void queue.drain();
    });
    expect(drained).toEqual([
      ["draining", "buffer", "mails", 1],
      ["drained", "buffer", "mails", 0],
    ]);
  });

  test("both are announced when they begin, with how many wait, in the queue and in line for a slot", () => {
    const { queue, service } = setUp(1);
    for (const name of ["queued", "in line", "behind"]) service.call(name).catch(() => {});
    const heard: unknown[] = [];
    const subscription = events.subscribe(({ type, waiting }) => heard.push([type, waiting]));
    void queue.drain();
    expect(heard).toEqual([["draining", 3]]);
    queue.close();
    subscription[Symbol.dispose]();
    expect(heard.slice(0, 2)).toEqual([
      ["draining", 3],
      ["closed", 1],
    ]);
  });

  test("closing is announced once, with how many waited", async () => {
    const closed = await seen((queue) => {
      queue.close();
      queue.close();
    });
    expect(closed).toEqual([["closed", "buffer", "mails", 1]]);
  });

  test.each([
    ["drains", "draining"],
    ["closes", "closed"],
  ] as const)("is announced once where a listener %s it, too", async (_what, type) => {
    const queue = buffer({ capacity: 1 });
    let heard = 0;
    const end = type === "draining" ? () => void queue.drain() : () => queue.close();
    const subscription = events.subscribe((event) => {
      if (event.type !== type) return;
      heard++;
      end();
    });
    end();
    subscription[Symbol.dispose]();
    expect(heard).toBe(1);
    await expect(queue.drain()).resolves.toBeUndefined();
  });

  test("a refusal has the label, and an edge knows by the reason what it is", async () => {
    const queue = buffer({ capacity: 1, label: "mails" });
    const service = queue.wrap(serviceFn(() => 1));
    const permit = service.tryReady();
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "buffer", label: "mails", reason: "capacity" });
    permit?.release();
    queue.close();
    const error: unknown = await service.call("a").catch((reason: unknown) => reason);
    expect(isRefusal(error)).toBe(true);
    expect(error).toMatchObject({ layer: "buffer", label: "mails", reason: "closed" });
  });

  test("a label that is none is refused", () => {
    expect(() => buffer({ capacity: 1, label: "" })).toThrow(
      new TypeError('buffer: label must be a non-empty string; received ""'),
    );
  });
});

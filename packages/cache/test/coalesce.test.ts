import { AsyncLocalStorage } from "node:async_hooks";
import {
  events,
  gate,
  isOverloadedError,
  type LayerEvent,
  type Permit,
  refuse,
  Semaphore,
  Service,
  ServiceBuilder,
} from "@sluice/core";
import { permit } from "@sluice/core/kit";
import { collectGarbage, turn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { coalesce } from "../src/index.ts";

const settle = async (): Promise<void> => {
  for (let step = 0; step < 20; step++) await Promise.resolve();
};

/** What became of a promise so far. */
function watch<T>(promise: Promise<T>): { state: "pending" | "kept" | "failed"; value?: T; reason?: unknown } {
  const watched: ReturnType<typeof watch<T>> = { state: "pending" };
  promise.then(
    (value) => Object.assign(watched, { state: "kept", value }),
    (reason: unknown) => Object.assign(watched, { state: "failed", reason }),
  );
  return watched;
}

function setUp(clock = new VirtualClock()) {
  const [inner, handle] = mockService<string, string>();
  const layer = coalesce({ key: (request: string) => request[0], clock });
  return { handle, layer, clock, service: new ServiceBuilder().layer(layer).service(inner) };
}

describe("promise 1: there is at most one call in flight for a key", () => {
  test("a thousand calls of one key make one call", async () => {
    const { service, handle, layer } = setUp();
    const answers = Array.from({ length: 1_000 }, () => service.call("a"));
    (await handle.nextRequest()).respond("A");
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["A"]));
    expect(handle.calls).toBe(1);
    expect(layer).toMatchObject({ inFlight: 0, joined: 999 });
  });

  test("other keys have calls of their own", () => {
    const { service, handle, layer } = setUp();
    void service.call("a");
    void service.call("b");
    void service.call("a2");
    expect(handle.calls).toBe(2);
    expect(layer.inFlight).toBe(2);
  });

  test("the next call after the answer begins another", async () => {
    const { service, handle } = setUp();
    const first = service.call("a");
    (await handle.nextRequest()).respond("A");
    await first;
    const second = service.call("a");
    (await handle.nextRequest()).respond("A2");
    expect(await second).toBe("A2");
  });

  test("two services of one layer never answer for each other", async () => {
    const layer = coalesce({ key: () => "all" });
    const one = new ServiceBuilder().layer(layer).serviceFn(async () => "one");
    const other = new ServiceBuilder().layer(layer).serviceFn(async () => "other");
    expect(await Promise.all([one.call("a"), other.call("a")])).toEqual(["one", "other"]);
  });

  test("permits of one key that were reserved before share the call of the first", async () => {
    const { service, handle } = setUp();
    const permits = [service.tryReady("a"), service.tryReady("a")];
    expect(handle.reserved).toBe(2);
    const answers = permits.map((held) => held!.call("a"));
    expect(handle).toMatchObject({ reserved: 0, calls: 1, released: 1 });
    (await handle.nextRequest()).respond("A");
    expect(await Promise.all(answers)).toEqual(["A", "A"]);
  });

  test("work that calls its own service for its own key while it is started waits for itself, and does not start again", async () => {
    const layer = coalesce({ key: () => "all" });
    let started = 0;
    let again: Promise<string> | undefined;
    const service = new ServiceBuilder().layer(layer).serviceFn(async (): Promise<string> => {
      started++;
      again ??= service.call("a");
      return "answer";
    });
    expect(await service.call("a")).toBe("answer");
    expect(await again).toBe("answer");
    expect(started).toBe(1);
  });
});

describe("callers who wait inside", () => {
  test("leave the line when somebody's call for their key begins: of a hundred, one took the only slot", async () => {
    const slots = new Semaphore(1);
    const answers: ((answer: string) => void)[] = [];
    const service = new ServiceBuilder()
      .layer(coalesce({ key: (request: string) => request }))
      .layer(gate(slots, { name: "slots" }))
      .serviceFn(() => new Promise<string>((resolve) => answers.push(resolve)));
    const busy = service.call("busy");
    const waiting = Array.from({ length: 100 }, () => service.call("a"));
    const other = service.call("b");
    expect(slots.waiting).toBe(101);
    answers[0]?.("done");
    await busy;
    await settle();
    expect(slots.waiting).toBe(1); // the one for b
    expect(answers.length).toBe(2);
    answers[1]?.("A");
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["A"]));
    await settle();
    answers[2]?.("B");
    expect(await other).toBe("B");
    expect(slots).toMatchObject({ active: 0, waiting: 0 });
  });

  test("also leave it for a call with a blind permit", async () => {
    const { service, handle } = setUp();
    handle.allow(1);
    const blind = service.tryReady();
    const waiting = service.call("a");
    expect(handle.waiting).toBe(1);
    const first = blind?.call("a");
    expect(handle.waiting).toBe(0);
    (await handle.nextRequest()).respond("A");
    expect(await Promise.all([first, waiting])).toEqual(["A", "A"]);
  });

  test("keep their seat when the first caller leaves before they have moved on", async () => {
    const { service, handle } = setUp();
    handle.allow(1);
    const blind = service.tryReady();
    const waiting = service.call("a");
    const first = new AbortController();
    const left = watch(blind!.call("a", { signal: first.signal }));
    first.abort("gone");
    const request = await handle.nextRequest();
    expect(request.options.signal?.aborted).toBe(false);
    request.respond("A");
    expect(await waiting).toBe("A");
    expect(left).toMatchObject({ state: "failed", reason: "gone" });
  });

  test("who aborts in the turn in which it gets a seat rejects with its own reason, and keeps no work alive", async () => {
    const { service, handle } = setUp();
    handle.allow(1);
    const blind = service.tryReady();
    const [first, waiter] = [new AbortController(), new AbortController()];
    const waiting = watch(service.call("a", { signal: waiter.signal }));
    const called = watch(blind!.call("a", { signal: first.signal }));
    waiter.abort("mine");
    first.abort("its own");
    await settle();
    expect(waiting).toMatchObject({ state: "failed", reason: "mine" });
    expect(called).toMatchObject({ state: "failed", reason: "its own" });
    expect((await handle.nextRequest()).options.signal?.aborted).toBe(true);
  });

  test("who aborts in line leaves it, and the others stay", async () => {
    const { service, handle } = setUp();
    handle.allow(0);
    const controller = new AbortController();
    const gone = watch(service.ready({ request: "a", signal: controller.signal }));
    const stays = service.ready({ request: "a" });
    controller.abort("gone");
    await settle();
    expect(gone).toMatchObject({ state: "failed", reason: "gone" });
    expect(handle.waiting).toBe(1);
    handle.allow(1);
    (await stays).release();
    expect(handle.reserved).toBe(0);
  });

  test("who is granted room after an abort that another listener kept to itself gives it back", async () => {
    const { service, handle } = setUp();
    handle.allow(0);
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => event.stopImmediatePropagation());
    const gone = watch(service.ready({ request: "a", signal: controller.signal }));
    controller.abort("gone");
    handle.allow(1);
    await settle();
    expect(gone).toMatchObject({ state: "failed", reason: "gone" });
    expect(handle).toMatchObject({ allowed: 1, reserved: 0 });
  });

  test("who gets a seat gives back what it is granted inside all the same", async () => {
    const [inner, handle] = mockService<string, string>();
    /** It does not heed the signal of who waits. */
    const heedless = new (class extends Service<string, string> {
      override tryReady(request?: string): Permit<string, string> | undefined {
        return inner.tryReady(request);
      }
      override ready(): Promise<Permit<string, string>> {
        return inner.ready();
      }
    })();
    const service = new ServiceBuilder().layer(coalesce({ key: (request: string) => request })).service(heedless);
    handle.allow(1);
    const blind = service.tryReady();
    const waiting = service.call("a");
    const first = blind!.call("a");
    handle.allow(1);
    (await handle.nextRequest()).respond("A");
    expect(await Promise.all([first, waiting])).toEqual(["A", "A"]);
    expect(handle).toMatchObject({ calls: 1, reserved: 0, allowed: 1 });
  });

  test("who was refused has no seat in what begins afterwards: its work ends with its callers", async () => {
    const { service, handle } = setUp();
    handle.allow(0);
    const refused = watch(service.ready({ request: "a" }));
    handle.sendFailure("down");
    await settle();
    expect(refused).toMatchObject({ state: "failed", reason: "down" });
    handle.allow(1);
    const controller = new AbortController();
    const left = watch(service.call("a", { signal: controller.signal }));
    controller.abort("gone");
    await settle();
    expect(left).toMatchObject({ state: "failed", reason: "gone" });
    expect((await handle.nextRequest()).options.signal?.aborted).toBe(true);
  });

  test("a blind one waits for room, and no key is asked for", async () => {
    const { service, handle } = setUp();
    handle.allow(0);
    // The key of no request would throw.
    const ready = service.ready();
    handle.allow(1);
    const answer = (await ready).call("a");
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
  });

  test("one without a key is told when the service inside fails to be ready", async () => {
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(coalesce({ key: () => undefined })).service(inner);
    handle.allow(0);
    const ready = watch(service.ready({ request: "a" }));
    handle.sendFailure("down");
    await settle();
    expect(ready).toMatchObject({ state: "failed", reason: "down" });
  });

  test("a failure of readiness is the caller's whose it is, and not terminal", async () => {
    const { service, handle } = setUp();
    handle.allow(0);
    const waiting = watch(service.ready({ request: "a" }));
    handle.sendFailure("down");
    await settle();
    expect(waiting).toMatchObject({ state: "failed", reason: "down" });
    handle.allow(1);
    expect(service.tryReady("a")).toBeDefined();
  });

  test("requests without a key wait each for itself", async () => {
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(coalesce({ key: () => undefined })).service(inner);
    handle.allow(0);
    const answers = [service.call("a"), service.call("a")];
    handle.allow(2);
    for (let request = 0; request < 2; request++) (await handle.nextRequest()).respond(`${request}`);
    expect(await Promise.all(answers)).toEqual(["0", "1"]);
  });
});

describe("promise 2: an abort ends one caller's wait, not the work of others", () => {
  test.each(["first", "second"])("when the %s leaves, the other has its answer", async (who) => {
    const { service, handle } = setUp();
    const controllers = [new AbortController(), new AbortController()] as const;
    const answers = controllers.map(({ signal }) => watch(service.call("a", { signal })));
    const leaver = who === "first" ? 0 : 1;
    controllers[leaver].abort("enough");
    await settle();
    expect(answers[leaver]).toMatchObject({ state: "failed", reason: "enough" });
    const request = await handle.nextRequest();
    expect(request.options.signal?.aborted).toBe(false);
    request.respond("A");
    await settle();
    expect(answers[1 - leaver]).toMatchObject({ state: "kept", value: "A" });
  });

  test("when all have left, the work is aborted with the reason of the last, and the next caller begins another", async () => {
    const { service, handle, layer } = setUp();
    const controllers = [new AbortController(), new AbortController()];
    const answers = controllers.map(({ signal }) => watch(service.call("a", { signal })));
    controllers.forEach((controller, index) => controller.abort(index));
    const request = await handle.nextRequest();
    expect(request.options.signal).toMatchObject({ aborted: true, reason: 1 });
    expect(layer.inFlight).toBe(0);
    await settle();
    expect(answers.map(({ reason }) => reason)).toEqual([0, 1]);
    const next = service.call("a");
    (await handle.nextRequest()).respond("A");
    expect(await next).toBe("A");
    // The abandoned work answers late, and nobody minds.
    request.fail(new Error("late"));
    await settle();
    expect(layer.inFlight).toBe(0);
  });

  test("when the first of two permits leaves, the call of the second goes on", async () => {
    const { service, handle } = setUp();
    const [one, other] = [service.tryReady("a"), service.tryReady("a")];
    const controllers = [new AbortController(), new AbortController()] as const;
    const first = watch(one!.call("a", { signal: controllers[0].signal }));
    const second = watch(other!.call("a", { signal: controllers[1].signal }));
    controllers[0].abort("enough");
    const request = await handle.nextRequest();
    expect(request.options.signal?.aborted).toBe(false);
    request.respond("A");
    await settle();
    expect(first).toMatchObject({ state: "failed", reason: "enough" });
    expect(second).toMatchObject({ state: "kept", value: "A" });
  });

  test("a first caller who has no signal never ends the work", async () => {
    const { service, handle } = setUp();
    const controller = new AbortController();
    const first = service.call("a");
    void service.call("a", { signal: controller.signal }).catch(() => {});
    controller.abort();
    const request = await handle.nextRequest();
    expect(request.options.signal).toBeUndefined();
    request.respond("A");
    expect(await first).toBe("A");
  });

  test("a signal that the work aborts while it is started ends the call", async () => {
    const controller = new AbortController();
    const service = new ServiceBuilder().layer(coalesce({ key: () => "all" })).serviceFn((_: string, { signal }) => {
      controller.abort("at once");
      return new Promise<string>((_resolve, reject) => reject(signal?.aborted));
    });
    await expect(service.call("a", { signal: controller.signal })).rejects.toBe("at once");
  });
});

describe("promise 3: nothing is left when all have left", () => {
  test("neither a listener on the caller's signal nor a seat", async () => {
    const { service, handle, layer } = setUp();
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
      removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
    });
    const answers = [service.call("a", { signal }), service.call("a", { signal })];
    expect(listeners).toBe(1);
    (await handle.nextRequest()).respond("A");
    await Promise.all(answers);
    expect(listeners).toBe(0);
    expect(layer.inFlight).toBe(0);
    handle.allow(0);
    const waiting = service.ready({ request: "a", signal });
    expect(listeners).toBe(1);
    handle.allow(1);
    (await waiting).release();
    expect(listeners).toBe(0);
    expect(handle).toMatchObject({ reserved: 0, waiting: 0 });
  });

  test("a permit in hand keeps the work alive, and ends it when it is given back as the last", async () => {
    const { service, handle, layer } = setUp();
    const controller = new AbortController();
    const left = watch(service.call("a", { signal: controller.signal }));
    const seat = service.tryReady("a");
    controller.abort("gone");
    await settle();
    expect(left).toMatchObject({ state: "failed", reason: "gone" });
    const { options } = await handle.nextRequest();
    expect(options.signal?.aborted).toBe(false);
    seat?.release();
    expect(options.signal).toMatchObject({ aborted: true, reason: "gone" });
    expect(layer.inFlight).toBe(0);
  });
});

describe("promise 4: work runs in the context, and with the waitUntil, of the first", () => {
  test("also where the second caller wants it longer", async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    let answer!: (value: string) => void;
    const service = new ServiceBuilder().layer(coalesce({ key: () => "all" })).serviceFn((_: string, { waitUntil }) => {
      seen.push(context.getStore());
      waitUntil?.(Promise.resolve("from inside"));
      return new Promise<string>((resolve) => (answer = resolve));
    });
    const handed: [string, string | undefined, Promise<unknown>][] = [];
    const waitUntil = (who: string) => (work: Promise<unknown>) => void handed.push([who, context.getStore(), work]);
    const controller = new AbortController();
    const first = context.run("first", () =>
      watch(service.call("a", { waitUntil: waitUntil("first"), signal: controller.signal })),
    );
    const second = context.run("second", () => service.call("a", { waitUntil: waitUntil("second") }));
    expect(seen).toEqual(["first"]);
    // The first leaves: its limits outside still hold for the work, which goes on. Whoever aborts, it is told in its own context.
    context.run("aborter", () => controller.abort("gone"));
    expect(first.state).toBe("pending");
    await settle();
    expect(first.state).toBe("failed");
    expect(handed.map(([who, where]) => [who, where])).toEqual([
      ["first", "first"],
      ["first", "first"],
    ]);
    const work = watch(handed[1]![2]);
    await settle();
    expect(work.state).toBe("pending");
    answer("A");
    expect(await second).toBe("A");
    expect(work.state).toBe("kept");
  });
});

describe("promise 5: a failure goes to all who ride, and is kept by nobody", () => {
  test("the next call begins another", async () => {
    const { service, handle } = setUp();
    const failure = new Error("down");
    const answers = [service.call("a"), service.call("a", { signal: new AbortController().signal })].map(watch);
    (await handle.nextRequest()).fail(failure);
    await settle();
    expect(answers.map(({ reason }) => reason)).toEqual([failure, failure]);
    const next = service.call("a");
    (await handle.nextRequest()).respond("A");
    expect(await next).toBe("A");
  });
});

describe("promise 6: a permit's answer is of the flight that was there when it was reserved", () => {
  test("it needs no room inside, and has the answer also when the flight has landed since", async () => {
    const { service, handle } = setUp();
    handle.allow(1);
    const first = service.call("a");
    const seat = service.tryReady("a");
    const waited = await service.ready({ request: "a" });
    expect(handle.allowed).toBe(0);
    (await handle.nextRequest()).respond("A");
    await first;
    expect(await seat?.call("a")).toBe("A");
    expect(await waited.call("a2")).toBe("A"); // another request of the same key
    expect(handle.calls).toBe(1);
  });

  test("spent on another key it is exchanged: that key is tried once", async () => {
    const { service, handle } = setUp();
    handle.allow(2);
    const first = service.call("a");
    const [one, other] = [service.tryReady("a"), service.tryReady("a")];
    const exchanged = one?.call("b");
    expect(handle.calls).toBe(2);
    const refused: unknown = await other?.call("c").catch((error: unknown) => error);
    expect(isOverloadedError(refused) && refused.layer).toBe("mockService");
    for (const answer of ["A", "B"]) (await handle.nextRequest()).respond(answer);
    expect(await Promise.all([first, exchanged])).toEqual(["A", "B"]);
  });

  test("where nobody says who has no room, the refusal is the layer's, with its label", async () => {
    let room = 1;
    class Foreign extends Service<string, string> {
      override tryReady(): Permit<string, string> | undefined {
        return room-- > 0
          ? permit(
              () => new Promise<string>(() => {}),
              () => {},
            )
          : undefined;
      }
      override ready(): Promise<Permit<string, string>> {
        return new Promise(() => {});
      }
    }
    const service = coalesce({ key: (request: string) => request, label: "users" }).wrap(new Foreign());
    void service.call("a");
    const refused: unknown = await service
      .tryReady("a")
      ?.call("b")
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ layer: "coalesce", label: "users", reason: "capacity" });
  });

  test("a failure of readiness at the exchange is that of the call", async () => {
    const { service, handle } = setUp();
    void service.call("a");
    const seat = service.tryReady("a");
    handle.sendFailure("down");
    await expect(seat?.call("b")).rejects.toBe("down");
  });

  test("what was reserved inside for another key begins that one, or joins it", async () => {
    const { service, handle } = setUp();
    const [one, other] = [service.tryReady("a"), service.tryReady("a")];
    const answers = [one!.call("b"), other!.call("b")];
    expect(handle).toMatchObject({ calls: 1, reserved: 0 });
    (await handle.nextRequest()).respond("B");
    expect(await Promise.all(answers)).toEqual(["B", "B"]);
  });
});

describe("promise 6: what a permit is spent on counts, and not what it was reserved for", () => {
  test("the call is that of the other key, for those who come later too", async () => {
    const { service, handle } = setUp();
    const held = service.tryReady("a");
    const answers = [held!.call("b"), service.call("b")];
    expect(handle.calls).toBe(1);
    const own = service.call("a");
    expect(handle.calls).toBe(2);
    (await handle.nextRequest()).respond("B");
    (await handle.nextRequest()).respond("A");
    expect(await Promise.all([...answers, own])).toEqual(["B", "B", "A"]);
  });

  test("a seat that is exchanged is given back, so that the work ends with its callers", async () => {
    const { service, handle } = setUp();
    const controller = new AbortController();
    const first = watch(service.call("a", { signal: controller.signal }));
    const seat = service.tryReady("a");
    void seat!.call("b");
    controller.abort("gone");
    await settle();
    expect(first).toMatchObject({ state: "failed", reason: "gone" });
    expect((await handle.nextRequest()).options.signal?.aborted).toBe(true);
  });

  test("a blind permit that is spent on a request that is undefined has its key all the same", async () => {
    let calls = 0;
    const service = new ServiceBuilder()
      .layer(coalesce({ key: () => "all" }))
      .serviceFn(async (_request: void) => ++calls);
    const permits = [service.tryReady(), service.tryReady()];
    expect(await Promise.all(permits.map((held) => held!.call(undefined)))).toEqual([1, 1]);
  });

  test("where there is no room for the other key it is refused by this layer, if the service inside says nothing", async () => {
    let room = 1;
    const silent = new (class extends Service<string, string> {
      override tryReady(): Permit<string, string> | undefined {
        return room-- > 0
          ? permit<string, string>(
              () => new Promise(() => {}),
              () => {},
            )
          : undefined;
      }
      override ready(): Promise<never> {
        return new Promise(() => {});
      }
    })();
    const layer = coalesce({ key: (request: string) => request, label: "users" });
    const service = new ServiceBuilder().layer(layer).service(silent);
    void service.call("a");
    const seat = service.tryReady("a");
    // What somebody else has said before is not about this.
    refuse("another", { reason: "rate", retryAfter: 5 });
    const refused: unknown = await seat!.call("b").catch((error: unknown) => error);
    expect(isOverloadedError(refused)).toBe(true);
    expect(refused).toMatchObject({ layer: "coalesce", label: "users", reason: "capacity", retryAfter: undefined });
  });
});

describe("promise 9: without a key there is no single flight", () => {
  test("requests for which key answers undefined are called each on its own", () => {
    const [inner, handle] = mockService<string, string>();
    const layer = coalesce({ key: () => undefined });
    const service = new ServiceBuilder().layer(layer).service(inner);
    void service.call("a");
    void service.call("a");
    expect(handle.calls).toBe(2);
    expect(layer).toMatchObject({ inFlight: 0, joined: 0 });
  });
});

describe("deadlines", () => {
  test("the flight has its first caller's; when it fails past that, whoever has more time begins another", async () => {
    const { service, handle, clock } = setUp();
    const answers = [
      service.call("a", { deadline: 100 }),
      service.call("a", { deadline: 50 }),
      service.call("a", { deadline: 100 }),
      service.call("a", { deadline: 300 }),
      service.call("a"),
    ].map(watch);
    const request = await handle.nextRequest();
    expect(request.options.deadline).toBe(100);
    await clock.advance(100);
    request.fail("too late");
    const second = await handle.nextRequest();
    expect(second.options.deadline).toBe(300);
    second.respond("A");
    await settle();
    expect(answers.map(({ state }) => state)).toEqual(["failed", "failed", "failed", "kept", "kept"]);
    expect(handle.calls).toBe(2);
  });

  test("a failure before that deadline goes to all", async () => {
    const { service, handle, clock } = setUp();
    const answers = [service.call("a", { deadline: 100 }), service.call("a")].map(watch);
    await clock.advance(99);
    (await handle.nextRequest()).fail("down");
    await settle();
    expect(answers.map(({ reason }) => reason)).toEqual(["down", "down"]);
    expect(handle.calls).toBe(1);
  });

  test("a timeout at that deadline is one also where its timer fires a moment early, as real timers do", async () => {
    const { service, handle, clock } = setUp();
    const answers = [service.call("a", { deadline: 100 }), service.call("a")].map(watch);
    await clock.advance(99.1);
    (await handle.nextRequest()).fail(new DOMException("late", "TimeoutError"));
    (await handle.nextRequest()).respond("A");
    await settle();
    expect(answers.map(({ state }) => state)).toEqual(["failed", "kept"]);
    // One that comes long before is the flight's own.
    const others = [service.call("b", { deadline: 200 }), service.call("b")].map(watch);
    await clock.advance(90);
    (await handle.nextRequest()).fail(new DOMException("late", "TimeoutError"));
    await settle();
    expect(others.map(({ state }) => state)).toEqual(["failed", "failed"]);
    expect(handle.calls).toBe(3);
  });

  test("who begins another waits in line where there is no room, and may leave it", async () => {
    const { service, handle, clock } = setUp();
    handle.allow(1);
    const controller = new AbortController();
    void service.call("a", { deadline: 100 }).catch(() => {});
    const rider = watch(service.call("a", { signal: controller.signal }));
    await clock.advance(100);
    (await handle.nextRequest()).fail("too late");
    await settle();
    expect(handle.waiting).toBe(1);
    controller.abort("enough");
    await settle();
    expect(rider).toMatchObject({ state: "failed", reason: "enough" });
    expect(handle.waiting).toBe(0);
  });

  test("also after an abort that another listener kept to itself, and what it is granted then is given back", async () => {
    const { service, handle, clock } = setUp();
    handle.allow(1);
    const controller = new AbortController();
    void service.call("a", { deadline: 100 }).catch(() => {});
    controller.signal.addEventListener("abort", (event) => event.stopImmediatePropagation());
    const rider = watch(service.call("a", { signal: controller.signal }));
    await clock.advance(100);
    (await handle.nextRequest()).fail("too late");
    await settle();
    controller.abort("enough");
    handle.allow(1);
    await settle();
    expect(rider).toMatchObject({ state: "failed", reason: "enough" });
    expect(handle).toMatchObject({ allowed: 1, reserved: 0, calls: 1 });
  });
});

describe("functions of the user's", () => {
  test("a key that throws is a failure of readiness, and nothing is held", async () => {
    const [inner, handle] = mockService<string, string>();
    const failure = new Error("no key");
    const service = new ServiceBuilder()
      .layer(
        coalesce({
          key: (request: string) => {
            if (request === "bad") throw failure;
            return request;
          },
        }),
      )
      .service(inner);
    expect(() => service.tryReady("bad")).toThrow(failure);
    await expect(service.ready({ request: "bad" })).rejects.toBe(failure);
    await expect(service.tryReady()?.call("bad")).rejects.toBe(failure);
    const controller = new AbortController();
    void service.call("good", { signal: controller.signal }).catch(() => {});
    await expect(service.tryReady("good")?.call("bad")).rejects.toBe(failure);
    controller.abort();
    // The seat was given back, or the work would go on.
    expect((await handle.nextRequest()).options.signal?.aborted).toBe(true);
    expect(handle.reserved).toBe(0);
  });

  test("a key that aborts the caller ends its wait", async () => {
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const controller = new AbortController();
    let asked = 0;
    const key = (request: string): string => {
      if (++asked === 1) controller.abort("by the key");
      return request;
    };
    const service = new ServiceBuilder().layer(coalesce({ key })).service(inner);
    await expect(service.ready({ request: "a", signal: controller.signal })).rejects.toBe("by the key");
    expect(handle.waiting).toBe(0);
  });

  test("a promise as a key is refused by name", () => {
    const service = new ServiceBuilder()
      .layer(coalesce({ key: async (request: string) => request }))
      .serviceFn(async (request: string) => request);
    expect(() => service.tryReady("a")).toThrow("coalesce: what key returns must be a key, and not a promise of one");
  });

  test("objects are keys by identity, also those that cannot be read, and NaN is itself", async () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("not to be read");
        },
      },
    );
    for (const key of [{}, hostile, Number.NaN]) {
      const [inner, handle] = mockService<string, string>();
      const service = new ServiceBuilder().layer(coalesce({ key: () => key })).service(inner);
      const first = service.call("a");
      const seat = service.tryReady("a");
      (await handle.nextRequest()).respond("A");
      expect(await Promise.all([first, seat?.call("b")])).toEqual(["A", "A"]);
    }
  });
});

test("nothing is kept of a key for which callers have waited", async () => {
  const slots = new Semaphore(0);
  const layer = coalesce({ key: (request: object) => request });
  const service = new ServiceBuilder()
    .layer(layer)
    .layer(gate(slots, { name: "slots" }))
    .serviceFn(async (request: { id: number }) => request.id);
  const keys: WeakRef<object>[] = [1, 2].map((id) => {
    const request = { id };
    // One alone, and two together.
    for (let caller = 0; caller < id; caller++) void service.call(request);
    return new WeakRef(request);
  });
  expect(slots.waiting).toBe(3);
  const leaver = (): WeakRef<object> => {
    const [request, controller] = [{ id: 3 }, new AbortController()];
    service.call(request, { signal: controller.signal }).catch(() => {});
    controller.abort("enough");
    return new WeakRef(request);
  };
  keys.push(leaver());
  slots.max = 1;
  await turn();
  expect(slots.idle).toBe(true);
  await turn();
  collectGarbage();
  expect(keys.map((key) => key.deref())).toEqual([undefined, undefined, undefined]);
  expect(layer).toMatchObject({ inFlight: 0, joined: 1 });
});

test("each call that joins is announced, and the layer's counters are what a logger needs", async () => {
  const heard: LayerEvent[] = [];
  const subscription = events.subscribe((event) => heard.push(event));
  const layer = coalesce({ key: () => "all", label: "users" });
  const service = new ServiceBuilder().layer(layer).serviceFn(async (n: number) => n);
  expect(await Promise.all([service.call(1), service.call(2)])).toEqual([1, 1]);
  subscription[Symbol.dispose]();
  expect(heard).toMatchObject([{ type: "join", layer: "coalesce", label: "users", key: "all" }]);
  expect(layer.about).toEqual({ label: "users", traits: ["answers"] });
  expect(JSON.parse(JSON.stringify(layer))).toEqual({ name: "coalesce", label: "users", inFlight: 0, joined: 1 });
});

describe("bad options are refused, by their names", () => {
  test.each<readonly [message: string, options: object]>([
    ["key must be a function; received 5", { key: 5 }],
    ["kye is not an option; the options are key, clock, label", { kye: String }],
    ["label must be", { key: String, label: "" }],
  ])("%s", (message, options) => {
    expect(() => coalesce(options as never)).toThrow(`coalesce: ${message}`);
  });
});

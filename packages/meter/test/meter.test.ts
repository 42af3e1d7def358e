import { EventEmitter, once } from "node:events";
import {
  gate,
  isOverloadedError,
  layerFn,
  OverloadedError,
  partsOf,
  type Permit,
  refuse,
  Semaphore,
  Service,
  ServiceBuilder,
  serviceFn,
  takeRefusal,
} from "@sluice/core";
import { type Stack, stackOf, stackService } from "@sluice/core/internal";
import { mockService, VirtualClock } from "@sluice/testing";
import { collectGarbage, deferred, hops, turn, unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { type Meter, meter, type MeterOptions, meters } from "../src/index.ts";
import { atHand } from "./helper/at-hand.ts";
import { expectToAddUp, gauges } from "./helper/sums.ts";

/** A limit between two meters, and calls that end when the test says so. */
function limited(max: number, options: MeterOptions = {}) {
  const clock = new VirtualClock();
  const slots = new Semaphore(max, { clock });
  const outer = meter("outer", { clock, ...options });
  const inner = meter("inner", { clock, ...options });
  const { running, service: leaf } = atHand();
  const service = new ServiceBuilder()
    .layer(outer)
    .layer(gate(slots, { name: "slots", label: "db" }))
    .layer(inner)
    .service(leaf);
  return { clock, slots, outer, inner, running, service };
}

const failing = (reason: unknown, options?: MeterOptions) => {
  const seen = meter("failing", options);
  const service = new ServiceBuilder().layer(seen).serviceFn((_request: number) => Promise.reject(reason));
  return { seen, service };
};

describe("what it counts", () => {
  test("between two meters one sees the layer between them", async () => {
    const { clock, outer, inner, running, service } = limited(1);
    const first = service.call("a");
    const second = service.call("b");
    expect(outer).toMatchObject({ waiting: 1, active: 1, granted: 1, refused: 0 });
    expect(inner).toMatchObject({ waiting: 0, active: 1, granted: 1, refused: 0 });
    await clock.advance(30);
    running[0]!.resolve("A");
    await first;
    await turn();
    expect(outer).toMatchObject({ waiting: 0, active: 1, granted: 2 });
    await clock.advance(10);
    running[1]!.resolve("B");
    expect(await second).toBe("B");
    const { wait, duration, calls } = outer.snapshot();
    expect([wait.count, wait.sum, wait.max]).toEqual([1, 30, 30]);
    expect([duration.count, duration.sum, duration.max]).toEqual([2, 40, 30]);
    expect(calls).toEqual({ ok: 2, aborted: 0, failed: {} });
    expect(inner.snapshot().wait.count).toBe(0);
    expect([gauges(outer), gauges(inner)]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  test("a permit in hand is reserved; one that is given back is released", () => {
    const { outer, service } = limited(2);
    const one = service.tryReady("a");
    const two = service.tryReady("b");
    expect(outer).toMatchObject({ reserved: 2, active: 0, granted: 2 });
    one!.release();
    one!.release();
    expect(outer).toMatchObject({ reserved: 1, released: 1 });
    two!.release();
    expect(outer).toMatchObject({ reserved: 0, released: 2, granted: 2 });
  });

  test("one meter in several stacks counts for all of them", async () => {
    const seen = meter("both");
    const [one, two] = ["one", "two"].map((name) => new ServiceBuilder().layer(seen).serviceFn(() => name));
    expect([await one!.call(0), await two!.call(0)]).toEqual(["one", "two"]);
    expect(seen.snapshot().calls.ok).toBe(2);
  });

  test("twice in one stack it would count twice, and is refused", () => {
    const seen = meter("twice");
    expect(() => new ServiceBuilder().layer(seen).layer(seen).serviceFn(String)).toThrow(
      "meter: its state must not be held twice in one stack",
    );
  });

  test("it says what it is called, and that it looks on", () => {
    const seen = meter("db", { attributes: { "server.address": "db1" } });
    expect(seen.name).toBe("meter");
    expect(seen.about).toEqual({ label: "db", traits: ["observes"], facts: { "server.address": "db1" } });
    expect(seen.snapshot()).toMatchObject({ name: "db", attributes: { "server.address": "db1" } });
    expect(JSON.parse(JSON.stringify(seen))).toEqual({
      name: "meter",
      label: "db",
      enabled: true,
      waiting: 0,
      reserved: 0,
      active: 0,
      abandoned: 0,
      granted: 0,
      released: 0,
      refused: 0,
    });
  });

  test("a snapshot is of one moment, and can be written as JSON", async () => {
    const { outer, running, service } = limited(1);
    const call = service.call("a");
    const before = outer.snapshot();
    running[0]!.resolve("A");
    await call;
    expect(before).toMatchObject({ active: 1, calls: { ok: 0 } });
    expect(JSON.parse(JSON.stringify(outer.snapshot()))).toMatchObject({ active: 0, calls: { ok: 1 } });
  });
});

describe("promise 3: a call that waits is not counted as refused", () => {
  test("and a tryReady that found nothing is, once, at each meter outside of who refused", async () => {
    const { outer, inner, running, service } = limited(1);
    const first = service.call("a");
    const second = service.call("b");
    const third = service.ready();
    expect(outer.snapshot()).toMatchObject({ waiting: 2, refused: 0, refusedBy: {} });
    expect(service.tryReady("c")).toBeUndefined();
    expect(service.tryReady("d")).toBeUndefined();
    expect(outer.snapshot()).toMatchObject({ waiting: 2, refused: 2, refusedBy: { slots: 2 } });
    expect(inner.snapshot()).toMatchObject({ waiting: 0, refused: 0 });
    running[0]!.resolve("A");
    await turn();
    running[1]!.resolve("B");
    (await third).release();
    await Promise.all([first, second]);
    expect(outer.snapshot()).toMatchObject({ granted: 3, refused: 2, refusedBy: { slots: 2 } });
  });

  test("a layer that asks twice before it lets its caller wait was not refused", async () => {
    const { outer, service, slots } = limited(0);
    const twice = layerFn("twice", (inside) => {
      const inner = stackOf(inside);
      const tryTwice: Stack["tryReserve"] = (request) => inner.tryReserve(request) ?? inner.tryReserve(request);
      return stackService({ ...inner, tryReserve: tryTwice });
    });
    const outermost = twice.wrap(service);
    const ready = outermost.ready();
    const call = outermost.call("a");
    expect(outer.snapshot()).toMatchObject({ waiting: 2, refused: 0, refusedBy: {} });
    expect(outermost.tryReady("a")).toBeUndefined();
    // Of its own accord it asked twice.
    expect(outer.snapshot()).toMatchObject({ waiting: 2, refused: 2, refusedBy: { slots: 2 } });
    slots.max = 1;
    (await ready).release();
    call.catch(() => {});
    expect(outer.snapshot()).toMatchObject({ refused: 2, refusedBy: { slots: 2 } });
  });

  test("a refusal that was there before belongs to somebody else", () => {
    const seen = meter("silent");
    const silent: Service<string, string> = {
      tryReady: () => undefined,
      ready: () => new Promise<never>(() => {}),
      call: () => new Promise<never>(() => {}),
    };
    const service = new ServiceBuilder().layer(seen).service(silent);
    refuse("elsewhere");
    // As a layer outside asks: the edge of a stack discards what was left before.
    expect(stackOf(service).tryReserve("a")).toBeUndefined();
    expect(seen.snapshot().refusedBy).toEqual({ unknown: 1 });
    expect(takeRefusal()).toMatchObject({ layer: "elsewhere" });
  });

  test("a further attempt that waits takes back no refusal of somebody before it", async () => {
    // A limit outside another stack's: `reserve` comes from a timer or a promise, without an edge that asked first.
    const { outer, running, service, slots } = limited(1);
    const late = new ServiceBuilder().layer(gate(new Semaphore(1), { name: "one" })).service(service);
    const first = late.call("a");
    const second = late.call("b");
    slots.max = 0;
    expect(service.tryReady("c")).toBeUndefined();
    expect(outer.refused).toBe(1);
    running[0]!.resolve("A");
    await first;
    await turn();
    // The second is let into the first limit now, and waits for the other.
    expect(outer).toMatchObject({ waiting: 1, refused: 1 });
    slots.max = 1;
    await turn();
    running[1]!.resolve("B");
    await second;
    expect(outer).toMatchObject({ waiting: 0, refused: 1 });
  });
});

describe("promise 4: it leaves the refusal where it found it", () => {
  test.each([true, false])("with meters: %s", (metered) => {
    const layer = gate(
      { tryAcquire: () => undefined, acquire: () => new Promise<never>(() => {}), retryAfter: () => 7 },
      { name: "rate", label: "mails" },
    );
    let service: Service<string, string> = new ServiceBuilder().layer(layer).service(atHand().service);
    if (metered) service = new ServiceBuilder().layer(meter("a")).layer(meter("b")).service(service);
    expect(service.tryReady("a")).toBeUndefined();
    expect(takeRefusal()).toEqual({ layer: "rate", label: "mails", reason: "capacity", retryAfter: 7 });
    expect(takeRefusal()).toBeUndefined();
  });
});

describe("promise 5: a failure is counted under its code, and never under two", () => {
  class NotFound extends Error {
    override readonly name = "NotFound";
  }
  test.each<[what: string, reason: unknown, code: string]>([
    ["text", Object.assign(new Error("down"), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
    ["a number", Object.assign(new Error("down"), { code: 14 }), "14"],
    ["of what is no error", { code: "E503" }, "E503"],
    ["the name of an error without one", new NotFound("who?"), "NotFound"],
    ["the name where the code is empty", Object.assign(new NotFound("who?"), { code: "" }), "NotFound"],
    ["the name where the code is an object", Object.assign(new NotFound("who?"), { code: {} }), "NotFound"],
    ["a refusal", new OverloadedError("slots"), "ERR_SLUICE_OVERLOADED"],
    ["a DOMException by its name", new DOMException("late", "TimeoutError"), "TimeoutError"],
    ["of no error, the name may be a person's", { name: "Ann" }, "_OTHER"],
    ["text that was thrown", "down", "_OTHER"],
    ["nothing", undefined, "_OTHER"],
    ["null", null, "_OTHER"],
    ["an error without a name", Object.assign(new Error("x"), { name: "" }), "_OTHER"],
  ])("%s", async (_what, reason, code) => {
    const { seen, service } = failing(reason);
    await expect(service.call(0)).rejects.toBe(reason);
    expect(seen.snapshot().calls).toEqual({ ok: 0, aborted: 0, failed: { [code]: 1 } });
  });

  test("no more than `codes` + 1 are kept, and none is lost", async () => {
    const seen = meter("many", { codes: 2 });
    const service = new ServiceBuilder()
      .layer(seen)
      .serviceFn((code: string) => Promise.reject(Object.assign(new Error("down"), { code })));
    for (const code of ["A", "B", "C", "D", "A", "_OTHER", "B"]) await service.call(code).catch(() => {});
    expect(seen.snapshot().calls.failed).toEqual({ A: 2, B: 2, _OTHER: 3 });
  });

  test("what fails under _OTHER first takes no place from the others", async () => {
    const seen = meter("many", { codes: 1 });
    const service = new ServiceBuilder()
      .layer(seen)
      .serviceFn((code: string) => Promise.reject(Object.assign(new Error("down"), { code })));
    for (const code of ["_OTHER", "A", "B"]) await service.call(code).catch(() => {});
    expect(seen.snapshot().calls.failed).toEqual({ _OTHER: 2, A: 1 });
  });

  test("a failure of readiness is one too, of tryReady and of ready", async () => {
    const seen = meter("readiness");
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(seen).service(inner);
    const failure = Object.assign(new Error("open"), { code: "OPEN" });
    handle.sendFailure(failure);
    expect(() => service.tryReady("a")).toThrow(failure);
    handle.allow(0);
    const waiting = service.ready();
    handle.sendFailure(failure);
    await expect(waiting).rejects.toBe(failure);
    expect(seen.snapshot()).toMatchObject({ waiting: 0, granted: 0, unready: { aborted: 0, failed: { OPEN: 2 } } });
  });
});

describe("promise 6: an abort is counted as such, and as nothing else", () => {
  test("in line", async () => {
    const { outer, service } = limited(0);
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    const reason = Object.assign(new Error("gone"), { code: "GONE" });
    caller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(outer.snapshot()).toMatchObject({
      waiting: 0,
      refused: 0,
      unready: { aborted: 1, failed: {} },
      calls: { ok: 0, aborted: 0, failed: {} },
    });
  });

  test("in flight", async () => {
    const { outer, running, service } = limited(1);
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    const reason = Object.assign(new Error("gone"), { code: "GONE" });
    caller.abort(reason);
    running[0]!.reject(reason);
    await expect(call).rejects.toBe(reason);
    expect(outer.snapshot().calls).toEqual({ ok: 0, aborted: 1, failed: {} });
  });

  test("in flight, as the AbortError of a function of Node.js", async () => {
    const { outer, running, service } = limited(1);
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    const work = once(new EventEmitter(), "never", { signal: caller.signal });
    work.catch(running[0]!.reject);
    caller.abort(new Error("gone"));
    await expect(call).rejects.toMatchObject({ name: "AbortError", cause: caller.signal.reason });
    expect(outer.snapshot().calls).toEqual({ ok: 0, aborted: 1, failed: {} });
  });

  test("another failure after the abort is a failure", async () => {
    const { outer, running, service } = limited(1);
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    caller.abort(new Error("gone"));
    running[0]!.reject(Object.assign(new Error("down"), { code: "DOWN" }));
    await expect(call).rejects.toThrow("down");
    expect(outer.snapshot().calls).toEqual({ ok: 0, aborted: 0, failed: { DOWN: 1 } });
  });
});

describe("promise 7: duration.count is the number of answers; wait.count of the grants that came later than the question", () => {
  test("who is let in at once is not in wait", async () => {
    const { clock, outer, running, service } = limited(1);
    const permit = await service.ready();
    await clock.advance(5);
    const call = permit.call("a");
    running[0]!.resolve("A");
    await call;
    expect(outer.snapshot().wait.count).toBe(0);
    expect(outer.snapshot().duration.count).toBe(1);
  });

  test("a grant that came in a later turn is, also where no time has passed", async () => {
    const { outer, slots, service } = limited(0);
    const ready = service.ready();
    slots.max = 1;
    (await ready).release();
    expect(outer.snapshot().wait).toMatchObject({ count: 1, zero: 1, sum: 0 });
    expect(outer.snapshot().duration.count).toBe(0);
  });

  test("failures and aborts are answers", async () => {
    const { seen, service } = failing(new Error("down"));
    await service.call(0).catch(() => {});
    await service.call(0).catch(() => {});
    expect(seen.snapshot().duration.count).toBe(2);
  });
});

describe("promise 9: abandoned is above 0 from the answer until the work has settled, as long as a limit holds its slot", () => {
  test("work that was handed up before the answer", async () => {
    const { outer, inner, slots, running, service } = limited(1);
    const call = service.call("a");
    const [one, two] = [deferred(), deferred()];
    running[0]!.options.waitUntil!(one.promise);
    running[0]!.options.waitUntil!(two.promise);
    expect(outer.abandoned).toBe(0);
    running[0]!.resolve("A");
    await call;
    expect([outer.abandoned, inner.abandoned, slots.active]).toEqual([1, 1, 1]);
    one.resolve();
    await turn();
    expect([outer.abandoned, inner.abandoned, slots.active]).toEqual([1, 1, 1]);
    two.reject(new Error("it does not matter how it ends"));
    await turn();
    expect([outer.abandoned, inner.abandoned, slots.active]).toEqual([0, 0, 0]);
  });

  test("what is handed up after all has settled holds nothing, and is handed on", async () => {
    const { outer, running, service } = limited(1);
    const handedUp: unknown[] = [];
    const call = service.call("a", { waitUntil: (work) => void handedUp.push(work) });
    running[0]!.resolve("A");
    await call;
    const work = new Promise<void>(() => {});
    running[0]!.options.waitUntil!(work);
    expect(outer.abandoned).toBe(0);
    expect(handedUp).toEqual([work]);
  });
});

describe("promise 10: off, it makes nothing and counts nothing", () => {
  test("the service outside hands on the very reservations of the one inside", async () => {
    const { outer, inner, running, service } = limited(1, { enabled: false });
    const call = service.call("a");
    const waits = service.ready();
    expect(service.tryReady("c")).toBeUndefined();
    running[0]!.resolve("A");
    await call;
    (await waits).release();
    for (const each of [outer, inner]) {
      expect(each.enabled).toBe(false);
      expect(each).toMatchObject({ waiting: 0, reserved: 0, active: 0, granted: 0, released: 0, refused: 0 });
      expect(each.snapshot().duration.count).toBe(0);
    }
  });

  test("what has begun while it was on is counted to its end", async () => {
    const { outer, running, service } = limited(1);
    const call = service.call("a");
    outer.enabled = false;
    running[0]!.resolve("A");
    await call;
    expect(outer).toMatchObject({ active: 0, granted: 1 });
    expect(outer.snapshot().calls.ok).toBe(1);
    expectToAddUp(outer);
  });
});

test("promise 11: with durations: false no clock is read", async () => {
  const clock = {
    now: (): number => expect.unreachable(),
    setTimeout: () => 0,
    clearTimeout() {},
  };
  const slots = new Semaphore(0);
  const seen = meter("counts", { durations: false, clock });
  const { running, service: leaf } = atHand();
  const service = new ServiceBuilder()
    .layer(seen)
    .layer(gate(slots, { name: "slots" }))
    .service(leaf);
  const call = service.call("a");
  slots.max = 1;
  await turn();
  running[0]!.resolve("A");
  await call;
  expect(seen.snapshot()).toMatchObject({ granted: 1, calls: { ok: 1 }, wait: { count: 0 }, duration: { count: 0 } });
});

describe("promise 12: any number of meters adds no microtask", () => {
  const metered = (count: number) => {
    const builder = new ServiceBuilder().layer(gate(new Semaphore(9), { name: "slots" }));
    const layers = Array.from({ length: count }, (_, index) => meter(`${index}`));
    return layers.reduceRight<Service<number, number>>(
      (inside, each) => new ServiceBuilder().layer(each).service(inside),
      builder.serviceFn((request: number) => request),
    );
  };
  test.each([1, 2, 10])("%d of them", async (count) => {
    expect(await hops(metered(count).call(1))).toBe(await hops(metered(0).call(1)));
    expect(await hops(metered(count).ready())).toBe(await hops(metered(0).ready()));
  });

  test("and an ignored failure is still reported, once, and a handled one not", async () => {
    const { service } = failing(new Error("ignored"));
    expect(await unhandledIn(() => void service.call(0))).toEqual([new Error("ignored")]);
    expect(await unhandledIn(() => service.call(0).catch(() => {}))).toEqual([]);
  });
});

describe("promise 13: a meter that is dropped is collected", () => {
  const named = (name: string): Meter[] => [...meters()].filter(({ about }) => about?.label === name);

  test("and one whose service is in use is not", async () => {
    const services = [new ServiceBuilder().layer(meter("kept")).serviceFn(String)];
    meter("dropped");
    // By number, for what is compared is kept by the test runner; and in a turn of its own, for whatever was looked at lives as long.
    expect(named("dropped").length).toBe(1);
    for (let rounds = 0; rounds < 5; rounds++) {
      await turn();
      collectGarbage();
    }
    await turn();
    expect(named("dropped").length).toBe(0);
    await services[0]!.call(1);
    expect(named("kept").map((each) => each.snapshot().calls.ok)).toEqual([1]);
  });

  test("meters are told in the order in which they were made", () => {
    const made = [meter("in order"), meter("in order")];
    expect(named("in order")).toEqual(made);
  });
});

describe("promise 14: no call is harmed", () => {
  const poisoned = (member: string): object =>
    Object.defineProperty(new Error("down"), member, {
      get: () => {
        throw new Error(`${member} is not to be read`);
      },
    });
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();

  test.each<[string, unknown]>([
    ["a code getter that throws", poisoned("code")],
    ["a name getter that throws", poisoned("name")],
    ["a reason that is no object", 5],
    ["a proxy that was revoked", revoked],
  ])("by %s", async (_what, reason) => {
    const { seen, service } = failing(reason);
    // An async function that returned it would look for its `then`.
    const failed = await service.call(0).then(
      () => false,
      (error: unknown) => Object.is(error, reason),
    );
    expect(failed).toBe(true);
    expect(seen.snapshot().calls.failed).toEqual({ _OTHER: 1 });
    expectToAddUp(seen);
  });

  test("by options whose members cannot be read a second time", async () => {
    // What reads them first is the edge of the stack.
    let reads = 0;
    const options = {
      get signal(): AbortSignal | undefined {
        if (++reads > 1) throw new Error("once only");
        return undefined;
      },
    };
    const seen = meter("odd");
    const service = new ServiceBuilder().layer(seen).serviceFn((_request: number) => "A");
    expect(await service.call(0, options)).toBe("A");
    expect(reads).toBe(2);
    expect(seen.snapshot().calls.ok).toBe(1);
  });

  test("by a signal whose reason cannot be read", async () => {
    const { seen, service } = failing(new Error("down"));
    const signal = Object.create(new AbortController().signal, {
      aborted: { value: false, writable: true },
      reason: { get: () => expect.unreachable() },
      addEventListener: { value() {} },
    }) as AbortSignal & { aborted: boolean };
    const call = service.call(0, { signal });
    signal.aborted = true;
    await expect(call).rejects.toThrow("down");
    expect(seen.snapshot().calls).toEqual({ ok: 0, aborted: 0, failed: { Error: 1 } });
  });

  test("by a layer that refuses in the name of no text", () => {
    const seen = meter("odd");
    const odd: Service<string, string> = {
      tryReady: () => refuse(5 as never),
      ready: () => new Promise<never>(() => {}),
      call: () => new Promise<never>(() => {}),
    };
    const service = new ServiceBuilder().layer(seen).service(odd);
    expect(service.tryReady("a")).toBeUndefined();
    expect(seen.snapshot().refusedBy).toEqual({ unknown: 1 });
  });

  test("by `waitUntil` of the caller that throws", async () => {
    const { outer, running, service } = limited(1);
    const boom = new Error("boom");
    const reported = await unhandledIn(async () => {
      const call = service.call("a", {
        waitUntil: () => {
          throw boom;
        },
      });
      running[0]!.options.waitUntil!(Promise.resolve());
      running[0]!.resolve("A");
      expect(await call).toBe("A");
    });
    expect(reported).toEqual([boom]);
    expect(gauges(outer)).toEqual([0, 0, 0, 0]);
  });
});

describe("options", () => {
  test.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    [
      "no name",
      () => meter(undefined as never),
      TypeError,
      "meter: name must be a non-empty string; received undefined",
    ],
    [
      "codes of 0",
      () => meter("a", { codes: 0 }),
      RangeError,
      "meter: codes must be a whole number of 1 or more; received 0",
    ],
    [
      "durations",
      () => meter("a", { durations: 1 as never }),
      TypeError,
      "meter: durations must be true or false; received 1",
    ],
    [
      "enabled, later",
      () => ((meter("a").enabled as unknown) = "on"),
      TypeError,
      'meter: enabled must be true or false; received "on"',
    ],
    [
      "a label that is a number",
      () => meter("a", { attributes: { shard: 1 as never } }),
      TypeError,
      'meter: attributes["shard"] must be a string; received 1',
    ],
    [
      "a label without a name",
      () => meter("a", { attributes: { "": "x" } }),
      TypeError,
      'meter: each name in attributes must have something in it; received ""',
    ],
    [
      "labels that cannot be read",
      () => meter("a", { attributes: new Proxy({}, { ownKeys: () => expect.unreachable() }) }),
      TypeError,
      "meter: attributes could not be read; received an object",
    ],
    [
      "an option that nobody knows",
      () => meter("a", { duration: false } as never),
      TypeError,
      "meter: duration is not an option; did you mean durations?",
    ],
  ])("refuses %s", (_what, make, type, message) => {
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });

  test("labels are copied", () => {
    const attributes = { shard: "1" };
    const seen = meter("a", { attributes });
    attributes.shard = "2";
    expect(seen.attributes).toEqual({ shard: "1" });
    expect(Object.isFrozen(seen.attributes)).toBe(true);
  });
});

test("a tool finds the meter, with its numbers, from the service", () => {
  const seen = meter("found");
  const service = new ServiceBuilder().layer(seen).serviceFn(String);
  const parts = partsOf(service);
  expect(parts !== undefined && "layer" in parts && parts.layer).toBe(seen);
});

test("it stands around a service of another make, which is asked through its permits", async () => {
  const seen = meter("foreign");
  class Foreign extends Service<string, string> {
    override tryReady(): Permit<string, string> | undefined {
      return undefined;
    }
    override ready(): Promise<Permit<string, string>> {
      return serviceFn((request: string) => request.toUpperCase()).ready();
    }
  }
  const service = new ServiceBuilder().layer(seen).service(new Foreign());
  expect(await service.call("a")).toBe("A");
  expect(seen.snapshot()).toMatchObject({ granted: 1, refused: 0, wait: { count: 1 }, calls: { ok: 1 } });
});

test("a refusal inside reaches a caller as it is", async () => {
  const { seen, service } = failing(new OverloadedError("db", { retryAfter: 5 }));
  const error: unknown = await service.call(0).catch((reason: unknown) => reason);
  expect(isOverloadedError(error) && error.retryAfter).toBe(5);
  expect(seen.snapshot().calls.failed).toEqual({ ERR_SLUICE_OVERLOADED: 1 });
});

import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import {
  gate,
  layerFn,
  OverloadedError,
  refuse,
  Semaphore,
  type Service,
  ServiceBuilder,
  takeRefusal,
} from "@sluice/core";
import { stackOf, stackService } from "@sluice/core/internal";
import { holdLayer } from "@sluice/core/kit";
import { stateOf } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { isOverloadedError, loadShed } from "../src/index.ts";

/** A limit of one, behind a loadShed that waits for 50 ms. */
function patient(max = 1, wait = 50) {
  const clock = new VirtualClock();
  const slots = new Semaphore(max, { clock });
  const shed = loadShed({ wait, clock });
  const [inner, handle] = mockService<string, string>();
  const service = new ServiceBuilder()
    .layer(shed)
    .layer(gate(slots, { name: "slots" }))
    .service(inner);
  return { clock, slots, shed, handle, service };
}

const outcomeOf = (call: Promise<string>): Promise<string> =>
  call.catch((error: OverloadedError) => `${error.name} by ${String(error.layer)}`);

describe("loadShed with a wait", () => {
  test("serves a caller whose capacity comes within the wait", async () => {
    const { clock, handle, service, shed, slots } = patient();
    const first = service.call("a");
    const second = service.call("b");
    expect(shed.waiting).toBe(1);
    await clock.advance(49);
    (await handle.nextRequest()).respond("A");
    expect(await first).toBe("A");
    (await handle.nextRequest()).respond("B");
    expect(await second).toBe("B");
    expect(shed).toMatchObject({ refused: 0, waiting: 0 });
    expect(slots).toMatchObject({ active: 0, waiting: 0 });
    expect(clock.pending).toBe(0);
  });

  test("refuses at the end of the wait, names who had no room, and leaves nobody in line", async () => {
    const { clock, service, shed, slots } = patient(0);
    const call = outcomeOf(service.call("a"));
    await clock.advance(49);
    expect(slots.waiting).toBe(1);
    await clock.advance(1);
    expect(await call).toBe("OverloadedError by slots");
    expect(slots.waiting).toBe(0);
    expect([...shed.refusedBy]).toEqual([["slots", 1]]);
    expect(clock.pending).toBe(0);
  });

  test("refuses when a layer inside knows that no capacity will come, and names that layer", async () => {
    const clock = new VirtualClock();
    const shed = loadShed({ wait: 50, clock });
    const service = new ServiceBuilder().layer(shed).service({
      tryReady: () => refuse("far", { reason: "rate" }),
      ready: () => Promise.reject(new OverloadedError("far", { reason: "rate", retryAfter: 900 })),
      call: () => new Promise<never>(() => {}),
    } satisfies Service<string, never>);
    const error: unknown = await service.call("a").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ layer: "far", retryAfter: 900 });
    expect([...shed.refusedBy]).toEqual([["far", 1]]);
    expect(shed.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("refuses at once what is known from the start to take longer", async () => {
    const clock = new VirtualClock();
    const shed = loadShed({ wait: 50, clock });
    const full = { acquire: () => new Promise<never>(() => {}), tryAcquire: () => undefined, retryAfter: () => 51 };
    const service = new ServiceBuilder()
      .layer(shed)
      .layer(gate(full, { name: "full" }))
      .serviceFn(() => "served");
    await expect(service.call("a")).rejects.toMatchObject({ layer: "full", retryAfter: 51 });
    expect(clock.pending).toBe(0);
    full.retryAfter = () => 50;
    void service.call("b").catch(() => {});
    expect(shed.waiting).toBe(1);
    await clock.advance(50);
    expect(shed).toMatchObject({ waiting: 0, refused: 2 });
  });

  test("a failure of the service inside stays a failure, also after a wait", async () => {
    const { clock, handle, service, shed } = patient();
    handle.allow(0);
    const call = service.call("a");
    await clock.advance(10);
    expect(shed.waiting).toBe(1);
    const failure = new Error("down");
    handle.sendFailure(failure);
    await expect(call).rejects.toBe(failure);
    expect(shed).toMatchObject({ waiting: 0, refused: 0 });
    expect(clock.pending).toBe(0);
  });

  test("a failure of the service inside without a reason stays one, too: it is no end of the wait", async () => {
    const clock = new VirtualClock();
    const shed = loadShed({ wait: 50, clock });
    const service = new ServiceBuilder().layer(shed).service({
      tryReady: () => undefined,
      ready: () => Promise.reject(undefined as never),
      call: () => new Promise<never>(() => {}),
    } satisfies Service<string, never>);
    const outcomes = await Promise.allSettled([service.call("a"), service.ready()]);
    expect(outcomes).toEqual([
      { status: "rejected", reason: undefined },
      { status: "rejected", reason: undefined },
    ]);
    expect(shed).toMatchObject({ refused: 0, waiting: 0 });
  });

  test("a failure of the service inside in the turn in which it is asked to wait leaves no timer behind", async () => {
    const clock = new VirtualClock();
    const shed = loadShed({ wait: 50, clock });
    const failure = new Error("down");
    const broken = {
      tryAcquire: () => undefined,
      acquire: () => {
        throw failure;
      },
    };
    const service = new ServiceBuilder()
      .layer(shed)
      .layer(gate(broken, { name: "broken" }))
      .serviceFn(() => "served");
    await expect(service.call("a")).rejects.toBe(failure);
    expect(shed.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("the service inside is told the earlier of the end of the wait and the caller's deadline", async () => {
    const clock = new VirtualClock(1_000);
    const told: (number | undefined)[] = [];
    const service = new ServiceBuilder().layer(loadShed({ wait: 50, clock })).service({
      tryReady: () => undefined,
      ready: ({ deadline } = {}) => {
        told.push(deadline);
        return new Promise<never>(() => {});
      },
      call: () => new Promise<never>(() => {}),
    } satisfies Service<string, never>);
    for (const deadline of [undefined, 1_040, 1_060]) void service.call("a", { deadline }).catch(() => {});
    expect(told).toEqual([1_050, 1_040, 1_050]);
    await clock.advance(50);
  });

  test("a deadline further off than a timer can be set is refused before anybody waits", async () => {
    const { service, shed, slots } = patient(0);
    await expect(service.call("a", { deadline: 2 ** 31 })).rejects.toThrow(/^loadShed: deadline must be .* received/);
    await expect(service.ready({ deadline: Date.now() })).rejects.toThrow(RangeError);
    expect(slots.waiting).toBe(0);
    expect(shed).toMatchObject({ waiting: 0, refused: 0 });
  });

  test("callers of different times each wait their own, by one timer", async () => {
    const { clock, service, shed } = patient(0);
    const outcomes: string[] = [];
    for (const name of ["a", "b", "c"]) {
      void outcomeOf(service.call(name)).then(() => outcomes.push(`${name} at ${clock.now()}`));
      expect(clock.pending).toBe(1);
      await clock.advance(10);
    }
    await clock.advanceAsync(100);
    expect(outcomes).toEqual(["a at 50", "b at 60", "c at 70"]);
    expect(shed.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("tryReady says no while waiting may help, and leaves the refusal for those further out", () => {
    const { service } = patient(0);
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "slots", reason: "capacity" });
  });

  test("an abort leaves at once with its own reason, and disarms (promise 5)", async () => {
    const { clock, service, shed, slots } = patient(0);
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    const reason = new Error("no longer wanted");
    caller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(slots.waiting).toBe(0);
    expect(shed).toMatchObject({ waiting: 0, refused: 0 });
    expect(clock.pending).toBe(0);
  });

  test.each(["ready", "call"] as const)(
    "an abort with a refusal for a reason is an abort, and no refusal: %s (promise 5)",
    async (way) => {
      const { clock, service, shed, slots } = patient(0);
      const caller = new AbortController();
      const waiting =
        way === "ready" ? service.ready({ signal: caller.signal }) : service.call("a", { signal: caller.signal });
      const reason = new OverloadedError("elsewhere");
      caller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      expect(slots.waiting).toBe(0);
      expect(shed).toMatchObject({ waiting: 0, refused: 0 });
      expect(clock.pending).toBe(0);
    },
  );

  test("a caller that aborts while it is asked for its request does not wait (promise 5)", async () => {
    const clock = new VirtualClock();
    const shed = loadShed({ wait: 50, clock });
    const slots = new Semaphore(0);
    const caller = new AbortController();
    const reason = new Error("no longer wanted");
    const mapped = holdLayer("mapped", {
      reserve() {
        caller.abort(reason);
      },
      start: (_state, rest, request, options) => rest.start(request, options),
    });
    const service = new ServiceBuilder()
      .layer(shed)
      .layer(mapped)
      .layer(gate(slots, { name: "slots" }))
      .service(mockService<string, string>()[0]);
    const call = service.call("a", { signal: caller.signal });
    expect(await stateOf(call)).toBe("rejected");
    await expect(call).rejects.toBe(reason);
    expect(slots.waiting).toBe(0);
    expect(shed).toMatchObject({ waiting: 0, refused: 0 });
    expect(clock.pending).toBe(0);
  });

  test("no listener is left on a signal that lives longer than the calls (promise 5)", async () => {
    const { clock, service, slots } = patient(0);
    const { signal } = new AbortController();
    const calls = ["refused", "served"].map((name) => outcomeOf(service.call(name, { signal })));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await clock.advance(50);
    await Promise.all(calls);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    const permit = service.ready({ signal });
    slots.max = 1;
    (await permit).release();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test.each<[string, (parts: ReturnType<typeof patient>) => Promise<void>]>([
    ["a grant", async ({ slots }) => void (slots.max = 1)],
    ["the end of the wait", ({ clock }) => clock.advance(50)],
  ])(
    "an abort whose event another listener stopped is noticed at the latest with %s (promise 5)",
    async (_what, come) => {
      for (const method of ["call", "ready"] as const) {
        const parts = patient(0);
        const { clock, service, shed, slots, handle } = parts;
        const caller = new AbortController();
        caller.signal.addEventListener("abort", (event) => {
          event.stopImmediatePropagation();
        });
        const { signal } = caller;
        const asked = method === "call" ? service.call("a", { signal }) : service.ready({ request: "a", signal });
        const reason = new Error("no longer wanted");
        caller.abort(reason);
        await come(parts);
        await expect(asked).rejects.toBe(reason);
        expect(slots).toMatchObject({ active: 0, waiting: 0 });
        expect(shed).toMatchObject({ waiting: 0, refused: 0 });
        expect(handle.active).toBe(0);
        expect(clock.pending).toBe(0);
      }
    },
  );

  test("a grant that comes when nobody waits any more is given back (promise 3)", async () => {
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
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(loadShed({ wait: 50, clock }))
      .layer(stubborn)
      .service(inner);
    const call = outcomeOf(service.call("a"));
    await clock.advance(50);
    grant();
    expect(await call).toBe("OverloadedError by undefined");
    expect(handle).toMatchObject({ calls: 0, reserved: 0, released: 1 });
  });

  test("an abort in the turn in which the wait is over ends with its own reason (promise 5)", async () => {
    const { clock, service, shed, slots } = patient(0);
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    const reason = new Error("no longer wanted");
    clock.setTimeout(() => {
      caller.abort(reason);
    }, 50);
    await clock.advance(50);
    await expect(call).rejects.toBe(reason);
    expect(slots.waiting).toBe(0);
    expect(shed).toMatchObject({ waiting: 0, refused: 0 });
  });

  test("a grant that meets the end of the wait is used or given back, never lost (promise 3)", async () => {
    for (const grantFirst of [true, false]) {
      const { clock, service, slots, handle } = patient(0);
      const call = outcomeOf(service.call("a"));
      clock.setTimeout(() => {
        if (grantFirst) slots.max = 1;
      }, 50);
      await clock.advance(49.5);
      if (!grantFirst) clock.setTimeout(() => (slots.max = 1), 0.5);
      await clock.advance(1);
      if (handle.active > 0) (await handle.nextRequest()).respond("A");
      expect(["A", "OverloadedError by slots"]).toContain(await call);
      expect(slots).toMatchObject({ active: 0, waiting: 0 });
    }
  });

  // The timer fires some microtasks before the wait is over: each of them is tried.
  test.each(Array.from({ length: 48 }, (_, microtasks) => microtasks))(
    "a grant or an abort %d microtasks after the timer has fired ends the call once, and loses nothing (promises 3 and 5)",
    async (microtasks) => {
      for (const what of ["grant", "abort"] as const) {
        const { clock, service, shed, slots, handle } = patient(0);
        const caller = new AbortController();
        const call = outcomeOf(service.call("a", { signal: caller.signal }));
        const come = (left: number): void => {
          if (left > 0) queueMicrotask(() => come(left - 1));
          else if (what === "grant") slots.max = 1;
          else caller.abort(Object.assign(new Error("gone"), { name: "Abort", layer: "the caller" }));
        };
        clock.setTimeout(() => come(microtasks), 50);
        await clock.advance(50);
        if (handle.active > 0) (await handle.nextRequest()).respond("A");
        const outcome = await call;
        expect([what === "grant" ? "A" : "Abort by the caller", "OverloadedError by slots"]).toContain(outcome);
        expect(shed).toMatchObject({ waiting: 0, refused: outcome.startsWith("Overloaded") ? 1 : 0 });
        expect(slots).toMatchObject({ active: 0, waiting: 0 });
        expect(clock.pending).toBe(0);
      }
    },
  );

  test("what a service of another's making listens to runs in the context of the caller who gives up (promise 8)", async () => {
    const context = new AsyncLocalStorage<string>();
    const clock = new VirtualClock();
    const seen: string[] = [];
    const service = new ServiceBuilder().layer(loadShed({ wait: 50, clock })).service({
      tryReady: () => undefined,
      ready: ({ signal, request } = {}) => {
        signal!.addEventListener("abort", () => {
          seen.push(`${String(request)} in ${context.getStore()}, for ${(signal!.reason as OverloadedError).layer}`);
        });
        return new Promise<never>(() => {});
      },
      call: () => new Promise<never>(() => {}),
    } satisfies Service<string, never>);
    const calls = ["a", "b"].map((name) => context.run(name, () => service.call(name)));
    const settled = Promise.allSettled(calls);
    await context.run("elsewhere", () => clock.advance(50));
    expect(seen).toEqual(["a in a, for loadShed", "b in b, for loadShed"]);
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("whoever gives up does so in its own async context (promise 8)", async () => {
    const { clock, service } = patient(0);
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    for (const name of ["a", "b"]) {
      storage.run(name, () => {
        void service.ready().then((permit) => {
          seen.push(storage.getStore());
          permit.release();
        });
      });
    }
    await clock.advance(50);
    expect(seen).toEqual(["a", "b"]);
  });
});

describe("options", () => {
  test("retryAfter is what a refusal says where the layer that refused knows no time", async () => {
    const refusing = (max: number) =>
      new ServiceBuilder()
        .layer(loadShed({ retryAfter: 1_500 }))
        .layer(gate(new Semaphore(max), { name: "slots" }))
        .serviceFn(() => 1);
    const error: unknown = await refusing(0)
      .call("a")
      .catch((reason: unknown) => reason);
    expect(isOverloadedError(error) && error.retryAfter).toBe(1_500);
  });

  test.each([
    [{ wait: -1 }, RangeError, "loadShed: wait must be a number of 0 or more and at most 2147483647; received -1"],
    [{ wait: "5" }, TypeError, 'loadShed: wait must be a number of 0 or more and at most 2147483647; received "5"'],
    [{ retryAfter: Number.NaN }, RangeError, "loadShed: retryAfter must be"],
    [{ label: "" }, TypeError, 'loadShed: label must be a non-empty string; received ""'],
    [{ clock: {} }, TypeError, "loadShed: clock must be a clock"],
  ])("refuses %j", (options, type, message) => {
    expect(() => loadShed(options as never)).toThrow(type);
    expect(() => loadShed(options as never)).toThrow(message);
  });
});

import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import {
  type CallOptions,
  gate,
  middleware,
  type Permit,
  Semaphore,
  Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { deferred, turn, unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { hedge, HedgeLostError, isHedgeLostError } from "../src/index.ts";
import { outcomeOf, setUp } from "./helper/set-up.ts";

const down = new Error("down");
const worse = new Error("worse");

describe("promise 1: readiness is the service's", () => {
  test("when the service inside has no room, neither has the hedge; its failures of readiness pass", async () => {
    const { service, handle } = setUp();
    handle.allow(0);
    expect(service.tryReady("a")).toBeUndefined();
    handle.sendFailure(down);
    expect(() => service.tryReady("a")).toThrow(down);
    handle.allow(1);
    service.tryReady("a")?.release();
    expect(handle.reserved).toBe(0);
  });

  test("the first attempt begins in the caller's turn", () => {
    const { service, handle } = setUp();
    void service.call("a");
    expect(handle.calls).toBe(1);
  });

  test("an answer before the delay is the answer, and there was one attempt", async () => {
    const { clock, layer, service, handle, arrived } = setUp();
    const answer = service.call("a");
    const [first] = await arrived(1);
    await clock.advance(99);
    first?.respond("A");
    expect(await answer).toBe("A");
    await clock.advanceAsync(1_000);
    expect([handle.calls, layer.hedges, layer.wins, clock.pending]).toEqual([1, 0, 0, 0]);
  });
});

describe("promise 2: a further attempt is made only if there is room at that moment", () => {
  test("it is made after the delay, with the same request", async () => {
    const { clock, layer, service, handle } = setUp();
    void service.call("a");
    await clock.advance(99);
    expect(handle.calls).toBe(1);
    await clock.advance(1);
    expect(handle.calls).toBe(2);
    await handle.nextRequest();
    expect((await handle.nextRequest()).request).toBe("a");
    expect(layer.hedges).toBe(1);
  });

  test("it is made for a service that takes no request, too", async () => {
    const clock = new VirtualClock();
    const layer = hedge({ delay: 100, attempts: 3, clock });
    let calls = 0;
    const service = new ServiceBuilder().layer(layer).serviceFn((_request: void) => {
      calls += 1;
      return calls < 3 ? deferred<number>().promise : Promise.resolve(calls);
    });
    const answer = service.call();
    await clock.advance(100);
    await clock.advance(100);
    expect(layer.hedges).toBe(2);
    expect(await answer).toBe(3);
  });

  test("without room it is skipped: it never waits, and passes nobody who does", async () => {
    const { clock, layer, service, handle } = setUp();
    handle.allow(1);
    void service.call("a");
    const waiting = service.call("b");
    expect(handle.waiting).toBe(1);
    await clock.advance(100);
    expect([handle.calls, handle.waiting, layer.hedges, layer.skipped]).toEqual([1, 1, 0, 1]);
    handle.allow(Infinity);
    await handle.nextRequest();
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("b");
    respond("B");
    expect(await waiting).toBe("B");
  });

  test("a failure of readiness is none of the request, which has its first attempt", async () => {
    const { clock, layer, service, handle, arrived } = setUp();
    const answer = service.call("a");
    const [first] = await arrived(1);
    handle.sendFailure(down);
    await clock.advance(100);
    expect([handle.calls, layer.skipped]).toEqual([1, 1]);
    first?.respond("A");
    expect(await answer).toBe("A");
  });
});

describe("promise 3: the first success is the answer", () => {
  test("of a further attempt", async () => {
    const { clock, layer, service, arrived } = setUp();
    const answer = service.call("a");
    await clock.advance(100);
    const [, second] = await arrived(2);
    second?.respond("second");
    expect(await answer).toBe("second");
    expect(layer.wins).toBe(1);
  });

  test("of the first attempt, although another one was made", async () => {
    const { clock, layer, service, arrived } = setUp();
    const answer = service.call("a");
    await clock.advance(100);
    const [first] = await arrived(2);
    first?.respond("first");
    expect(await answer).toBe("first");
    expect([layer.hedges, layer.wins]).toEqual([1, 0]);
  });

  test("tower's: the first to finish does not win where it has failed", async () => {
    const { clock, service, arrived } = setUp();
    const answer = service.call("a");
    await clock.advance(100);
    const [first, second] = await arrived(2);
    second?.fail(down);
    expect(await outcomeOf(answer)).toBe("pending");
    first?.respond("first");
    expect(await answer).toBe("first");
  });

  test("… nor where the first attempt has failed, and the second is under way", async () => {
    const { clock, layer, service, arrived } = setUp();
    const answer = service.call("a");
    await clock.advance(100);
    const [first, second] = await arrived(2);
    first?.fail(down);
    expect(await outcomeOf(answer)).toBe("pending");
    second?.respond("second");
    expect(await answer).toBe("second");
    expect(layer.wins).toBe(1);
  });

  test("if all that were made have failed, the failure of the first one is the failure", async () => {
    const { clock, service, arrived } = setUp();
    const answer = service.call("a");
    await clock.advance(100);
    const [first, second] = await arrived(2);
    second?.fail(worse);
    first?.fail(down);
    await expect(answer).rejects.toBe(down);
  });

  test("a failure makes no further attempt: it is the failure at once where it is alone", async () => {
    const { clock, service, handle, arrived } = setUp();
    const answer = service.call("a");
    const [first] = await arrived(1);
    first?.fail(down);
    await expect(answer).rejects.toBe(down);
    await clock.advanceAsync(1_000);
    expect([handle.calls, clock.pending]).toEqual([1, 0]);
  });

  test("a service that throws is one that fails", async () => {
    const layer = hedge({ delay: 10 });
    const service = layer.wrap(
      serviceFn((): string => {
        throw down;
      }),
    );
    await expect(service.call("a")).rejects.toBe(down);
  });
});

describe("promise 4: those that lose are handed up, then aborted", () => {
  test("when it answers, a loser was registered with waitUntil before, and its signal aborts with a HedgeLostError", async () => {
    const { clock, layer, service, arrived } = setUp();
    const steps: string[] = [];
    const answer = service
      .call("a", {
        waitUntil(work) {
          steps.push("handed up");
          work.catch(() => steps.push("settled"));
        },
      })
      .then((value) => steps.push(value));
    await clock.advance(100);
    const [first, second] = await arrived(2);
    first?.options.signal?.addEventListener("abort", () => {
      steps.push("aborted");
      first.fail(first.options.signal?.reason);
    });
    second?.respond("answered");
    await answer;
    await turn();
    expect(steps.indexOf("handed up")).toBe(0);
    expect(steps.sort()).toEqual(["aborted", "answered", "handed up", "settled"]);
    expect(isHedgeLostError(first?.options.signal?.reason)).toBe(true);
    expect(second?.options.signal?.aborted).toBe(false);
    expect(layer.abandoned).toBe(0);
  });

  test("limits inside and outside count a loser until it has settled", async () => {
    const clock = new VirtualClock();
    const [outside, inside] = [new Semaphore(5), new Semaphore(5)];
    const layer = hedge({ delay: 100, clock });
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(gate(outside, { name: "outside" }))
      .layer(layer)
      .layer(gate(inside, { name: "inside" }))
      .service(inner);
    const answer = service.call("a");
    await clock.advance(100);
    expect([outside.active, inside.active]).toEqual([1, 2]);
    const [first, second] = [await handle.nextRequest(), await handle.nextRequest()];
    second.respond("ok");
    expect(await answer).toBe("ok");
    await turn();
    expect([outside.active, inside.active, layer.abandoned]).toEqual([1, 1, 1]);
    first.respond("late");
    await turn();
    expect([outside.active, inside.active, layer.abandoned]).toEqual([0, 0, 0]);
  });

  test("a waitUntil that throws is reported, and the answer is the answer", async () => {
    const reported = await unhandledIn(async () => {
      const { clock, service, arrived } = setUp();
      const answer = service.call("a", {
        waitUntil() {
          throw down;
        },
      });
      await clock.advance(100);
      const [, second] = await arrived(2);
      second?.respond("ok");
      expect(await answer).toBe("ok");
    });
    expect(reported).toEqual([down]);
  });
});

describe("promise 5: a caller's abort", () => {
  test("reaches all attempts with its own reason, and ends the schedule", async () => {
    const { clock, service, handle, arrived } = setUp({ attempts: 3 });
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    await clock.advance(100);
    const attempts = await arrived(2);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(attempts.map(({ options }) => options.signal?.reason as unknown)).toEqual([reason, reason]);
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(1_000);
    expect(handle.calls).toBe(2);
    for (const { fail } of attempts) fail(reason);
    await expect(answer).rejects.toBe(reason);
  });

  test("the call settles when the work does", async () => {
    const { service, arrived } = setUp();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const [first] = await arrived(1);
    controller.abort(down);
    expect(await outcomeOf(answer)).toBe("pending");
    first?.respond("all the same");
    expect(await answer).toBe("all the same");
  });

  test("a signal that was aborted by the time of the call reaches nobody, and no function of ours is asked", async () => {
    const asked: string[] = [];
    const { service, handle } = setUp({
      hedgeIf: () => asked.push("hedgeIf") > 0,
      budget: { deposit: () => void asked.push("deposit"), withdraw: () => true },
    });
    const permit = service.tryReady("a");
    const signal = AbortSignal.abort(down);
    await expect(permit?.call("a", { signal })).rejects.toBe(down);
    // Also where it is a layer outside that comes with it.
    const outside = middleware("late", (request: string, next, options) => next(request, { ...options, signal }));
    await expect(outside.wrap(service).call("a")).rejects.toBe(down);
    expect([handle.calls, handle.reserved]).toEqual([0, 0]);
    expect(asked).toEqual([]);
  });

  test("in a function of its own, while it calls, reaches nobody", async () => {
    for (const name of ["hedgeIf", "cloneRequest", "delay", "deposit"]) {
      const controller = new AbortController();
      const abortIn = (here: string): void => {
        if (name === here) controller.abort(down);
      };
      const clock = new VirtualClock();
      const layer = hedge<string>({
        clock,
        hedgeIf: () => abortIn("hedgeIf") === undefined,
        cloneRequest(request) {
          abortIn("cloneRequest");
          return request;
        },
        delay() {
          abortIn("delay");
          return 100;
        },
        budget: { deposit: () => abortIn("deposit"), withdraw: () => true },
      });
      const [inner, handle] = mockService<string, string>();
      const service = layer.wrap(inner);
      await expect(service.call("a", { signal: controller.signal })).rejects.toBe(down);
      expect([handle.calls, handle.reserved, clock.pending]).toEqual([0, 0, 0]);
    }
  });

  test("in a function of its own, at the moment of another attempt, lets none begin", async () => {
    for (const name of ["cloneRequest", "withdraw"]) {
      const controller = new AbortController();
      let asked = 0;
      const abortIn = (here: string): void => {
        // The first copy is made before the first attempt.
        if (name === here && ++asked === (name === "cloneRequest" ? 2 : 1)) controller.abort(down);
      };
      const clock = new VirtualClock();
      const layer = hedge<string>({
        clock,
        delay: 100,
        attempts: 3,
        cloneRequest(request) {
          abortIn("cloneRequest");
          return request;
        },
        budget: {
          deposit() {},
          withdraw() {
            abortIn("withdraw");
            return true;
          },
        },
      });
      const [inner, handle] = mockService<string, string>();
      const service = layer.wrap(inner);
      const answer = service.call("a", { signal: controller.signal });
      const first = await handle.nextRequest();
      await clock.advance(100);
      expect([handle.calls, handle.reserved, layer.hedges]).toEqual([1, 0, 0]);
      first.fail(down);
      await expect(answer).rejects.toBe(down);
    }
  });

  test("an abort that another listener kept from being heard is seen at the next moment", async () => {
    const { clock, service, handle } = setUp();
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => {
      event.stopImmediatePropagation();
    });
    void service.call("a", { signal: controller.signal });
    controller.abort();
    await clock.advance(100);
    expect(handle.calls).toBe(1);
  });

  test("still reaches what the winner goes on with behind its answer, and no listener is left when that is over", async () => {
    const { clock, service, arrived } = setUp();
    const controller = new AbortController();
    const works: Promise<unknown>[] = [];
    const answer = service.call("a", { signal: controller.signal, waitUntil: (work) => works.push(work) });
    await clock.advance(100);
    const [, second] = await arrived(2);
    const body = deferred();
    second?.options.waitUntil?.(body.promise);
    second?.respond("head");
    expect(await answer).toBe("head");
    // The body, and the attempt that lost.
    expect(works).toHaveLength(2);
    controller.abort(down);
    expect(second?.options.signal?.reason).toBe(down);
    body.resolve();
    await turn();
  });

  test("also after some of its work has settled before the answer", async () => {
    const { service, arrived } = setUp();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const [first] = await arrived(1);
    first?.options.waitUntil?.(Promise.resolve());
    await turn();
    controller.abort(down);
    expect(first?.options.signal?.reason).toBe(down);
    first?.fail(down);
    await expect(answer).rejects.toBe(down);
  });

  test("is listened for until the answer, or what the winner goes on with behind it, and no longer", async () => {
    const { clock, service, arrived } = setUp();
    const { signal } = new AbortController();
    const listeners = (): number => getEventListeners(signal, "abort").length;
    const plain = service.call("a", { signal });
    expect(listeners()).toBe(1);
    const [only] = await arrived(1);
    only?.respond("A");
    await plain;
    expect(listeners()).toBe(0);

    const [body, lost] = [deferred(), deferred()];
    const answer = service.call("b", { signal });
    await clock.advance(100);
    const [first, second] = await arrived(2);
    first?.options.waitUntil?.(lost.promise);
    second?.options.waitUntil?.(body.promise);
    second?.respond("head");
    await answer;
    expect(listeners()).toBe(1);
    body.resolve();
    await turn();
    // That of the one that lost was told already.
    expect(listeners()).toBe(0);
    lost.resolve();
  });
});

describe("promise 6: each scheduled moment is one chance", () => {
  test("refused by readiness it is not tried again, and the next one comes at its time", async () => {
    const { clock, layer, service, handle } = setUp({ attempts: 3 });
    handle.allow(1);
    void service.call("a");
    await clock.advance(100);
    handle.allow(Infinity);
    await clock.advance(99);
    expect([handle.calls, layer.skipped]).toEqual([1, 1]);
    await clock.advance(1);
    expect([handle.calls, layer.hedges]).toEqual([2, 1]);
    await clock.advanceAsync(10_000);
    expect([handle.calls, clock.pending]).toEqual([2, 0]);
  });

  test("a function says the delay of each, from the moment before; undefined ends it", async () => {
    const asked: number[] = [];
    const { clock, service, handle } = setUp({
      attempts: 10,
      delay(attempt) {
        asked.push(attempt);
        return attempt < 4 ? attempt * 10 : undefined;
      },
    });
    void service.call("a");
    const calls: number[] = [];
    for (let ms = 0; ms < 200; ms += 10) {
      await clock.advance(10);
      calls.push(handle.calls);
    }
    expect(calls.slice(0, 6)).toEqual([1, 2, 2, 2, 3, 3]);
    expect([calls.at(-1), asked]).toEqual([3, [2, 3, 4]]);
  });

  test("a delay of 0 sends the second at once, unless the first is answered in its turn", async () => {
    const { clock, service, handle } = setUp({ delay: 0 });
    void service.call("a");
    await clock.advance(0);
    expect(handle.calls).toBe(2);
    let calls = 0;
    const quick = hedge({ delay: 0 }).wrap(
      serviceFn(async () => {
        calls++;
        return "ok";
      }),
    );
    expect(await quick.call("a")).toBe("ok");
    await turn();
    expect(calls).toBe(1);
  });

  test("an answer that comes just before a moment leaves no attempt behind", async () => {
    let hedges = 0;
    for (let microtasks = 0; microtasks < 80; microtasks++) {
      const { clock, layer, service, handle } = setUp();
      const answer = service.call("a");
      const first = await handle.nextRequest();
      clock.setTimeout(() => {
        let steps = Promise.resolve();
        for (let step = 0; step < microtasks; step++) steps = steps.then(() => {});
        void steps.then(() => first.respond("A"));
      }, 100);
      await clock.advance(100);
      await turn();
      expect(await answer).toBe("A");
      hedges += layer.hedges;
      if (handle.calls === 1) continue;
      // It was made before the answer, and so has lost.
      expect((await handle.nextRequest()).options.signal?.aborted).toBe(true);
    }
    expect(hedges).toBeGreaterThan(0);
    expect(hedges).toBeLessThan(80);
  });

  test("a moment after the caller's deadline is left out", async () => {
    const { clock, service, handle } = setUp();
    void service.call("a", { deadline: clock.now() + 100 });
    expect(clock.pending).toBe(0);
    void service.call("b", { deadline: clock.now() + 101 });
    await clock.advanceAsync(200);
    expect(handle.calls).toBe(3);
    expect((await handle.nextRequest()).options.deadline).toBe(100);
  });

  test("a moment comes after the delay, and before the deadline, also once the clock was set back", async () => {
    const time = new VirtualClock();
    let back = 0;
    const clock = {
      now: () => time.now() - back,
      setTimeout: (run: () => void, ms: number) => time.setTimeout(run, ms),
      clearTimeout: (timer: unknown) => time.clearTimeout(timer),
    };
    const { service, handle } = setUp({ clock });
    await time.advance(1_000_000);
    void service.call("a");
    back = 900_000;
    void service.call("b");
    void service.call("c", { deadline: clock.now() + 101 });
    void service.call("d", { deadline: clock.now() + 100 });
    await time.advanceAsync(99);
    expect(handle.calls).toBe(4);
    await time.advanceAsync(1);
    expect(handle.calls).toBe(7);
  });

  test("a deadline of the epoch is refused, and reaches nobody", async () => {
    const { service, handle } = setUp();
    await expect(service.call("a", { deadline: Date.now() })).rejects.toThrow(
      /^hedge: deadline must be at most 2147483647 ms from now/,
    );
    expect([handle.calls, handle.reserved]).toEqual([0, 0]);
  });
});

describe("promise 7: a budget", () => {
  const counting = (left: number) => {
    const budget = {
      deposits: 0,
      withdrawals: 0,
      deposit() {
        budget.deposits++;
      },
      withdraw() {
        budget.withdrawals++;
        return left-- > 0;
      },
    };
    return budget;
  };

  test("a request deposits once, and each hedge withdraws one, after readiness was had", async () => {
    const budget = counting(Infinity);
    const { clock, layer, service, handle } = setUp({ budget, attempts: 3 });
    handle.allow(1);
    void service.call("a");
    await clock.advance(100);
    expect([budget.deposits, budget.withdrawals, layer.skipped]).toEqual([1, 0, 1]);
    handle.allow(Infinity);
    await clock.advance(100);
    expect([budget.deposits, budget.withdrawals, layer.hedges]).toEqual([1, 1, 1]);
  });

  test("a request that is not hedged deposits nothing, unless latencies are learned from it", async () => {
    for (const [options, deposits] of [
      [{ hedgeIf: () => false }, 0],
      [{ delay: () => undefined }, 0],
      [{ delay: () => undefined, quantile: 0.5 }, 1],
      [{ hedgeIf: () => false, quantile: 0.5 }, 0],
    ] as const) {
      const budget = counting(Infinity);
      const { service, arrived } = setUp({ ...options, budget });
      const answer = service.call("a");
      const [first] = await arrived(1);
      first?.respond("A");
      expect(await answer).toBe("A");
      expect(budget.deposits).toBe(deposits);
    }
  });

  test("a permit without budget is given back in the same turn, and those under way go on", async () => {
    const { clock, layer, service, handle, arrived } = setUp({ budget: counting(1), attempts: 3 });
    const answer = service.call("a");
    await clock.advanceAsync(200);
    expect([handle.calls, handle.reserved, handle.released, layer.hedges, layer.denied]).toEqual([2, 0, 1, 1, 1]);
    const [, second] = await arrived(2);
    second?.respond("ok");
    expect(await answer).toBe("ok");
  });

  test("one that throws when it pays is reported, and the hedge is not made", async () => {
    const reported = await unhandledIn(async () => {
      const { clock, layer, service, handle } = setUp({
        budget: {
          deposit() {},
          withdraw() {
            throw down;
          },
        },
      });
      void service.call("a");
      await clock.advance(100);
      expect([handle.calls, handle.reserved, layer.denied]).toEqual([1, 0, 1]);
    });
    expect(reported).toEqual([down]);
  });

  test("one that throws when it earns fails the call, which reaches nobody", async () => {
    const { service, handle } = setUp({
      budget: {
        deposit() {
          throw down;
        },
        withdraw: () => true,
      },
    });
    await expect(service.call("a")).rejects.toBe(down);
    expect([handle.calls, handle.reserved]).toEqual([0, 0]);
  });
});

test("promise 8: further attempts run in the caller's async context", async () => {
  const storage = new AsyncLocalStorage<string>();
  const clock = new VirtualClock();
  const seen: unknown[] = [];
  const service = hedge({ delay: 100, attempts: 3, clock }).wrap(
    serviceFn((request: string) => {
      seen.push([request, storage.getStore()]);
      return new Promise<string>(() => {});
    }),
  );
  for (const name of ["ann", "bob"]) storage.run(name, () => void service.call(name));
  await storage.run("eve", () => clock.advanceAsync(200));
  expect(seen).toEqual(["ann", "bob", "ann", "bob", "ann", "bob"].map((name) => [name, name]));
});

describe("promise 9: nothing is armed once it has answered", () => {
  test.each(["respond", "fail"] as const)("however it ends: %s", async (end) => {
    const { clock, service, arrived } = setUp({ attempts: 5 });
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal }).catch(() => {});
    await clock.advance(100);
    for (const attempt of await arrived(2)) attempt[end](down as never);
    await answer;
    expect(clock.pending).toBe(0);
  });
});

describe("whom it hedges", () => {
  test("hedgeIf is asked once, before the first attempt; others pass as they are", async () => {
    const asked: string[] = [];
    const { clock, service, handle } = setUp({
      attempts: 3,
      hedgeIf(request) {
        asked.push(request);
        return request === "GET";
      },
    });
    const options: CallOptions = { signal: new AbortController().signal };
    void service.call("POST", options);
    expect((await handle.nextRequest()).options.signal).toBe(options.signal);
    void service.call("GET");
    await clock.advanceAsync(200);
    expect([handle.calls, asked]).toEqual([4, ["POST", "GET"]]);
  });

  test("a hedgeIf that throws fails the call, which reaches nobody", async () => {
    const { service, handle } = setUp({
      hedgeIf() {
        throw down;
      },
    });
    await expect(service.call("a")).rejects.toBe(down);
    expect([handle.calls, handle.reserved]).toEqual([0, 0]);
  });

  test.each([-1, Number.NaN, 2 ** 31, "5", null])(
    "a delay of %s is the failure of the call, by name",
    async (delay) => {
      const { service, handle } = setUp({ delay: () => delay as number });
      await expect(service.call("a")).rejects.toThrow(/^hedge: delay must be a number of 0 or more/);
      expect(handle.calls).toBe(0);
    },
  );

  test("one that is bad later on is reported, and ends the schedule", async () => {
    const reported = await unhandledIn(async () => {
      const { clock, service, handle } = setUp({ attempts: 5, delay: (attempt) => (attempt === 2 ? 10 : -1) });
      void service.call("a");
      await clock.advanceAsync(1_000);
      expect(handle.calls).toBe(2);
    });
    expect(reported).toHaveLength(1);
  });
});

test("an async hedgeIf, whose promise is true whatever it says, is the failure of the call", async () => {
  const hedgeIf = (async () => false) as never;
  const { service, handle } = setUp({ hedgeIf });
  await expect(service.call("a")).rejects.toThrow(
    new TypeError("hedge: what hedgeIf returns must be true or false, and not a promise of one; received an object"),
  );
  expect([handle.calls, handle.reserved]).toEqual([0, 0]);
});

describe("cloneRequest", () => {
  const copying = (cloneRequest: (request: string) => string | undefined) => {
    const clock = new VirtualClock();
    const layer = hedge<string>({ delay: 100, attempts: 4, cloneRequest, clock });
    const [inner, handle] = mockService<string, string>();
    return { clock, layer, handle, service: layer.wrap(inner) };
  };

  test("each attempt but the first sends the copy that was made before the one before", async () => {
    let copies = 0;
    const { clock, service, handle } = copying((request) => `${request}${++copies}`);
    void service.call("a");
    await clock.advanceAsync(1_000);
    const sent: string[] = [];
    for (let nth = 0; nth < 4; nth++) sent.push((await handle.nextRequest()).request);
    expect(sent).toEqual(["a", "a1", "a12", "a123"]);
  });

  test("none is made of a request that may not be sent twice, nor for an attempt that is not to come", async () => {
    let copies = 0;
    const clock = new VirtualClock();
    const layer = hedge({
      delay: 100,
      clock,
      hedgeIf: (request: string) => request !== "once",
      cloneRequest: (request: string) => `${request}${++copies}`,
    });
    const [inner, handle] = mockService<string, string>();
    const service = layer.wrap(inner);
    void service.call("once");
    expect(copies).toBe(0);
    void service.call("a");
    await clock.advanceAsync(1_000);
    expect([handle.calls, copies]).toEqual([3, 1]);
  });

  test("with undefined the request is not hedged, or no longer", async () => {
    const none = copying(() => undefined);
    void none.service.call("a");
    expect(none.clock.pending).toBe(0);
    let left = 2;
    const some = copying((request) => (left-- > 0 ? request : undefined));
    void some.service.call("a");
    await some.clock.advanceAsync(1_000);
    expect(some.handle.calls).toBe(3);
  });

  test("what it throws is the failure of the call at first, and later it is reported", async () => {
    const first = copying(() => {
      throw down;
    });
    await expect(first.service.call("a")).rejects.toBe(down);
    expect([first.handle.calls, first.handle.reserved]).toEqual([0, 0]);
    const reported = await unhandledIn(async () => {
      let times = 0;
      const later = copying((request) => {
        if (++times > 1) throw down;
        return request;
      });
      void later.service.call("a");
      await later.clock.advanceAsync(1_000);
      expect(later.handle.calls).toBe(2);
    });
    expect(reported).toEqual([down]);
  });
});

describe("a service inside of another make", () => {
  /** Its permits throw where ours would reject, from the second on. */
  class Careless extends Service<string, string> {
    calls = 0;
    override tryReady(): Permit<string, string> {
      return {
        call: () => {
          if (++this.calls > 1) throw worse;
          return new Promise<string>(() => {});
        },
        release() {
          throw down;
        },
        [Symbol.dispose]() {},
      };
    }
    override ready(): Promise<Permit<string, string>> {
      return Promise.resolve(this.tryReady());
    }
  }

  test("a permit that throws when it is called is an attempt that fails", async () => {
    const clock = new VirtualClock();
    const inner = new Careless();
    const answer = hedge({ delay: 10, clock }).wrap(inner).call("a");
    await clock.advance(10);
    expect([await outcomeOf(answer), inner.calls]).toEqual(["pending", 2]);
  });

  test("a permit that throws when it is given back is reported", async () => {
    const reported = await unhandledIn(async () => {
      const clock = new VirtualClock();
      const layer = hedge({ delay: 10, budget: { deposit() {}, withdraw: () => false }, clock });
      void layer.wrap(new Careless()).call("a");
      await clock.advance(10);
      expect(layer.denied).toBe(1);
    });
    expect(reported).toEqual([down]);
  });
});

describe("HedgeLostError", () => {
  test("says what it is, has no stack trace, and is known by its brand", () => {
    const error = new HedgeLostError();
    expect(error).toMatchObject({ name: "HedgeLostError", code: "ERR_SLUICE_HEDGE_LOST" });
    expect(error.stack).toBe("HedgeLostError: Another attempt has answered.");
    expect([isHedgeLostError(error), isHedgeLostError(down), isHedgeLostError(undefined)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("bad options", () => {
  test.each(["minSamples", "period", "minDelay"])("%s without quantile is a mistake", (option) => {
    expect(() => hedge({ delay: 5, [option]: 5 })).toThrow(
      new TypeError(`hedge: ${option} must go with quantile; received 5 alone`),
    );
  });

  test.each([1, 95])("a quantile of %s is refused: 1 waits for the slowest", (quantile) => {
    expect(() => hedge({ delay: 5, quantile })).toThrow(
      new RangeError(`hedge: quantile must be a number above 0 and below 1; received ${quantile}`),
    );
  });

  test.each<readonly [message: string, options: object]>([
    ["delay must be a number of 0 or more and at most 2147483647; received undefined", { delay: undefined }],
    ["minSamples must be a whole number of 1 or more; received 0", { quantile: 0.5, minSamples: 0 }],
    ["minSamples must be a whole number of 1 or more; received 1.5", { quantile: 0.5, minSamples: 1.5 }],
    ["period must be a number above 0 and at most 2147483647; received 0", { quantile: 0.5, period: 0 }],
    ["minDelay must be a number of 0 or more and at most 2147483647; received -1", { quantile: 0.5, minDelay: -1 }],
    ["attempts must be a whole number of 2 or more and at most 10; received 1", { attempts: 1 }],
    ["attempts must be a whole number of 2 or more and at most 10; received 11", { attempts: 11 }],
    ["attempts must be a whole number of 2 or more and at most 10; received 2.5", { attempts: 2.5 }],
    ["hedgeIf must be a function; received 5", { hedgeIf: 5 }],
    ["cloneRequest must be a function; received 5", { cloneRequest: 5 }],
    ["budget must be a budget (with deposit, withdraw); received an object", { budget: { deposit() {} } }],
    ["attemps is not an option; did you mean attempts?", { attemps: 3 }],
  ])("%s", (message, options) => {
    expect(() => hedge({ delay: 5, ...options } as never)).toThrow(`hedge: ${message}`);
  });
});

import { gate, isRefusal, middleware, OverloadedError, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { deferred, turn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { circuitBreaker, isCircuitOpenError } from "../src/index.ts";
import { down, opened, readyToProbe, setUp } from "./helper/set-up.ts";

const draws = { seed: 20_261_128, numRuns: 200 };

const sleep = (clock: VirtualClock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });

describe("published result: the trace of Hystrix and Polly under the same defaults", () => {
  test("20 calls within 10 s, of which 10 fail, open it; 5,000 ms later one call passes", async () => {
    const { breaker, clock, service, succeed, fail, begin } = setUp();
    await succeed(10);
    await clock.advance(8_000);
    await fail(9);
    expect(breaker).toMatchObject({ state: "closed", calls: 19, failures: 9 });
    await fail(1);
    expect(breaker).toMatchObject({ state: "open", retryAfter: 5_000 });
    await clock.advance(4_999);
    await expect(service.call("x")).rejects.toMatchObject({ code: "ERR_SLUICE_CIRCUIT_OPEN", retryAfter: 1 });
    await clock.advance(1);
    const probe = await begin();
    expect(breaker.state).toBe("half-open");
    await expect(service.call("x")).rejects.toMatchObject({ retryAfter: undefined });
    await probe.respond();
    expect(breaker.state).toBe("closed");
  });

  test("19 calls do not, even where all of them fail", async () => {
    const { breaker, fail } = setUp();
    await fail(19);
    expect(breaker.state).toBe("closed");
    await fail();
    expect(breaker.state).toBe("open");
  });

  test("20 calls of which 10 fail do not, where the first came more than 10 s before the last", async () => {
    const { breaker, clock, succeed, fail } = setUp();
    await fail(9);
    await clock.advance(10_000);
    await succeed(10);
    await fail(1);
    expect(breaker).toMatchObject({ state: "closed", calls: 11, failures: 1 });
  });
});

test("the bound: of a dead service's callers, minimumCalls + n - 1 reach it before it opens, and `probes` in each break", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      async (minimumCalls, atOnce, probes) => {
        const clock = new VirtualClock();
        const breaker = circuitBreaker({ minimumCalls, probes, breakFor: 100, clock });
        let reached = 0;
        const service = breaker.wrap(
          serviceFn(async () => {
            reached++;
            await sleep(clock, 10);
            throw down;
          }),
        );
        // Never more than so many at once; each asks again as soon as it has an answer, or a moment later.
        const callers = Array.from({ length: atOnce }, async () => {
          while (clock.now() < 1_000) {
            await service.call("x").catch(() => {});
            await sleep(clock, 3);
          }
        });
        while (breaker.state === "closed" && clock.now() < 900) await clock.advanceAsync(1);
        expect(breaker.opened).toBe(1);
        expect(reached).toBeLessThanOrEqual(minimumCalls + atOnce - 1);
        const before = reached;
        const since = clock.now();
        await clock.advanceAsync(1_200);
        await Promise.all(callers);
        expect(reached - before).toBeGreaterThan(0);
        expect(reached - before).toBeLessThanOrEqual(probes * Math.ceil((clock.now() - since) / 100));
      },
    ),
    { ...draws, numRuns: 50 },
  );
});

describe("when it is closed", () => {
  test("readiness is what the service inside says", async () => {
    const { service, handle } = setUp();
    handle.allow(0);
    expect(service.tryReady("x")).toBeUndefined();
    handle.sendFailure(down);
    expect(() => service.tryReady("x")).toThrow(down);
    handle.allow(1);
    service.tryReady("x")?.release();
    expect(handle.reserved).toBe(0);
  });

  test("it opens at a call that succeeds, where that is the one that makes it enough; the cause is the last failure", async () => {
    const { breaker, service, succeed, fail } = setUp({ minimumCalls: 4 });
    await fail();
    await fail(1, new Error("worse"));
    await succeed();
    expect(breaker.state).toBe("closed");
    await succeed();
    expect(breaker.state).toBe("open");
    await expect(service.call("x")).rejects.toMatchObject({ cause: new Error("worse") });
  });

  test("a call that says nothing of the service does not open it, though by then only failures are left in the window", async () => {
    const { breaker, clock, succeed, fail } = setUp({ window: { time: 1_000 }, minimumCalls: 2 });
    await succeed(3);
    await clock.advance(900);
    await fail(2);
    await clock.advance(200);
    expect(breaker).toMatchObject({ calls: 2, failures: 2 });
    await fail(1, new OverloadedError("somebody further in"));
    expect(breaker.state).toBe("closed");
  });

  test("it opens when so many of the last calls failed, in a window of calls", async () => {
    const { breaker, succeed, fail } = setUp({ window: { calls: 4 }, failureRatio: 0.75 });
    await fail(2);
    await succeed(2);
    await fail(2);
    expect(breaker).toMatchObject({ state: "closed", calls: 4, failures: 2 });
    await fail(1);
    expect(breaker).toMatchObject({ state: "open", calls: 0, failures: 0 });
  });

  test("a ratio such as 0.1 is reached by 3 of 30, whatever floating point makes of it", async () => {
    const { breaker, succeed, fail } = setUp({ window: { calls: 30 }, failureRatio: 0.1 });
    await succeed(27);
    await fail(2);
    expect(breaker.state).toBe("closed");
    await fail(1);
    expect(breaker.state).toBe("open");
  });

  test("it opens after so many failures in a row, whatever the ratio", async () => {
    const { breaker, succeed, fail } = setUp({ consecutive: 3 });
    await fail(2);
    await succeed(1);
    await fail(2);
    expect(breaker.state).toBe("closed");
    await fail(1);
    expect(breaker.state).toBe("open");
  });

  test("nothing is armed, ever, for callers that do not wait", async () => {
    const { clock, succeed, fail } = setUp({ slowCall: 50, consecutive: 2 });
    await succeed();
    await fail(2);
    await clock.advance(6_000);
    expect(clock.pending).toBe(0);
  });
});

describe("when it is open", () => {
  test("tryReady throws, ready and call reject with CircuitOpenError, and nothing reaches the service", async () => {
    const { breaker, service, handle } = await opened({ label: "prices" });
    const refusal = {
      name: "CircuitOpenError",
      code: "ERR_SLUICE_CIRCUIT_OPEN",
      layer: "circuitBreaker",
      label: "prices",
      reason: "circuit",
      retryAfter: 1_000,
      isolated: false,
      cause: down,
    };
    expect(() => service.tryReady("x")).toThrow(expect.objectContaining(refusal) as Error);
    await expect(service.ready()).rejects.toMatchObject(refusal);
    await expect(service.call("x")).rejects.toMatchObject(refusal);
    expect([handle.calls, handle.reserved, breaker.refused]).toEqual([1, 0, 3]);
  });

  test("the refusal is one by brand, also for those who know nothing of this package", async () => {
    const { service } = await opened();
    const error: unknown = await service.call("x").catch((reason: unknown) => reason);
    expect(isRefusal(error)).toBe(true);
    expect(isCircuitOpenError(error)).toBe(true);
  });

  test("it stays open until somebody asks, and then lets that one probe", async () => {
    const { breaker, clock, service } = await opened();
    await clock.advance(60_000);
    expect(breaker).toMatchObject({ state: "open", retryAfter: 0 });
    const probe = service.tryReady("x");
    expect(breaker.state).toBe("half-open");
    probe?.release();
  });

  test("promise 5: a permit in hand stays good, and what becomes of its call changes nothing", async () => {
    const { breaker, service, handle, fail } = setUp({ consecutive: 1 });
    const permit = service.tryReady("held");
    await fail();
    expect(breaker.state).toBe("open");
    const answer = permit?.call("held");
    (await handle.nextRequest()).respond("good");
    expect(await answer).toBe("good");
    expect(breaker.state).toBe("open");
  });
});

test("promise 6: the counters see each call once, also one that waited further in", async () => {
  const { breaker, service, handle, succeed, fail } = setUp();
  handle.allow(0);
  const waiting = service.call("a");
  handle.allow(1);
  (await handle.nextRequest()).respond("ok");
  await waiting;
  handle.allow(Infinity);
  await succeed(2);
  await fail(1);
  service.tryReady("x")?.release();
  expect(breaker).toMatchObject({ calls: 4, failures: 1, active: 0, refused: 0, opened: 0 });
});

test("promise 8: a timeout inside opens it while the work still runs, and limits outside still hold their slots", async () => {
  const work = deferred();
  const slots = new Semaphore(5);
  const breaker = circuitBreaker({ consecutive: 1 });
  const givesUp = middleware("givesUp", (request, next, options) => {
    options.waitUntil?.(next(request, options));
    throw Object.assign(new Error("late"), { name: "TimeoutError" });
  });
  const service = new ServiceBuilder()
    .layer(gate(slots, { name: "slots" }))
    .layer(breaker)
    .layer(givesUp)
    .serviceFn(() => work.promise);
  await expect(service.call("x")).rejects.toThrow("late");
  expect([breaker.state, slots.active]).toEqual(["open", 1]);
  work.resolve();
  await turn();
  expect(slots.active).toBe(0);
});

describe("by hand", () => {
  test("open refuses for as long as it is told, or as long as breakFor says", async () => {
    const { breaker, clock, service, changes } = setUp({ breakFor: 1_000 });
    breaker.open(200);
    await expect(service.call("x")).rejects.toMatchObject({ retryAfter: 200, isolated: false });
    await clock.advance(100);
    breaker.open();
    expect(breaker.retryAfter).toBe(1_000);
    await clock.advance(1_000);
    service.tryReady("x")?.release();
    expect(changes.map(({ to }) => to)).toEqual(["open", "half-open"]);
  });

  test("open keeps the failure that had opened it already", async () => {
    const { breaker, service } = await opened();
    breaker.open(60_000);
    await expect(service.call("x")).rejects.toMatchObject({ retryAfter: 60_000, cause: down });
  });

  test("half-open it is opened by nobody's failure", async () => {
    const { breaker, service, changes } = await readyToProbe();
    service.tryReady("x")?.release();
    breaker.open();
    expect(changes.at(-1)).toEqual({ from: "half-open", to: "open", cause: undefined });
  });

  test.each([0, -1, Infinity, "5", null])("open(%s) is refused, and changes nothing", (ms) => {
    const { breaker } = setUp();
    expect(() => {
      breaker.open(ms as number);
    }).toThrow(/^circuitBreaker: ms of open must be a number above 0/);
    expect(breaker.state).toBe("closed");
  });

  test("close lets callers in, and forgets all that was counted", async () => {
    const { breaker, succeed, fail } = await opened();
    breaker.close();
    expect(breaker).toMatchObject({ state: "closed", calls: 0 });
    await succeed(2);
    await fail(0);
    breaker.close();
    expect(breaker.calls).toBe(0);
  });

  test("promise 5: isolate refuses permits in hand when they are called, and gives back what they held", async () => {
    const { breaker, service, handle, changes } = setUp();
    const permit = service.tryReady("x");
    expect(handle.reserved).toBe(1);
    breaker.isolate();
    await expect(permit?.call("x")).rejects.toMatchObject({
      code: "ERR_SLUICE_CIRCUIT_OPEN",
      isolated: true,
      retryAfter: undefined,
    });
    expect([handle.reserved, handle.calls, breaker.active]).toEqual([0, 0, 0]);
    expect(changes).toEqual([{ from: "closed", to: "isolated", cause: undefined }]);
  });

  test("isolated it stays so, whatever the time, until it is opened or closed", async () => {
    const { breaker, clock, service } = setUp({ breakFor: 1_000 });
    breaker.isolate();
    breaker.isolate();
    await clock.advance(1e9);
    expect(() => service.tryReady("x")).toThrow(expect.objectContaining({ isolated: true }) as Error);
    breaker.open();
    await clock.advance(1_000);
    service.tryReady("x")?.release();
    expect(breaker.state).toBe("half-open");
  });
});

import { gate, ServiceBuilder, serviceFn } from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { CircuitBreaker, circuitBreaker, CircuitOpenError } from "../src/index.ts";
import { down, readyToProbe } from "./helper/set-up.ts";

describe("as a gate", () => {
  test("it may be forgotten when it is closed, has counted nothing, and is held by nobody", async () => {
    const clock = new VirtualClock();
    const breaker = new CircuitBreaker({ window: { time: 1_000 }, breakFor: 500, clock });
    const [inner, handle] = mockService<string, string>();
    const service = gate(breaker, { name: "prices" }).wrap(inner);
    expect(breaker.idle).toBe(true);
    const answer = service.call("x");
    expect(breaker.idle).toBe(false);
    (await handle.nextRequest()).respond("ok");
    await answer;
    expect(breaker.idle).toBe(false);
    await clock.advance(1_000);
    expect(breaker.idle).toBe(true);
    breaker.open();
    await clock.advance(5_000);
    expect(breaker.idle).toBe(false);
    breaker.close();
    expect(breaker.idle).toBe(true);
  });

  test("not while it remembers a failure in a row that another would not know of", async () => {
    const clock = new VirtualClock();
    const breaker = new CircuitBreaker({ window: { time: 1_000 }, consecutive: 2, clock });
    const lease = await breaker.acquire();
    lease.start?.("x", {});
    lease.finish({ status: "rejected", reason: down });
    await clock.advance(1_000);
    expect(breaker.idle).toBe(false);
  });

  test.each([
    ["that is open", async (breaker: CircuitBreaker) => breaker.open()],
    [
      "that is half-open, whose probe said nothing",
      async (breaker: CircuitBreaker, clock: VirtualClock) => {
        breaker.open(1);
        await clock.advance(1);
        breaker.tryAcquire()?.cancel();
        expect(breaker.state).toBe("half-open");
      },
    ],
    [
      "with a failure in a row",
      async (breaker: CircuitBreaker) => breaker.tryAcquire()?.finish({ status: "rejected", reason: down }),
    ],
  ])("nor one %s, for 60 windows after its break or its last call", async (_what, bring) => {
    const clock = new VirtualClock();
    const breaker = new CircuitBreaker({ window: { time: 1_000 }, consecutive: 2, breakFor: 10_000, clock });
    await bring(breaker, clock);
    const isOpen = breaker.state === "open";
    await clock.advance(59_990 + (isOpen ? 10_000 : 0));
    expect(breaker.idle).toBe(false);
    const lease = isOpen ? undefined : breaker.tryAcquire();
    await clock.advance(10);
    expect(breaker.idle).toBe(lease === undefined);
    lease?.cancel();
    expect(breaker.idle).toBe(true);
  });

  test.each([
    ["isolated", { window: { time: 1 } }, (breaker: CircuitBreaker) => breaker.isolate()],
    ["open, with a window of calls", { window: { calls: 10 } }, (breaker: CircuitBreaker) => breaker.open()],
  ])("never one that is %s", async (_what, options, bring) => {
    const clock = new VirtualClock();
    const breaker = new CircuitBreaker({ ...options, clock });
    bring(breaker);
    await clock.advance(100_000);
    expect(breaker.idle).toBe(false);
  });

  test("failures that are forgotten do not keep it, where none in a row count", async () => {
    const clock = new VirtualClock();
    const breaker = new CircuitBreaker({ window: { time: 1_000 }, clock });
    breaker.tryAcquire()?.finish({ status: "rejected", reason: down });
    expect(breaker.idle).toBe(false);
    await clock.advance(1_000);
    expect(breaker.idle).toBe(true);
  });

  test("nor while callers are about to be let in, for whoever hears that it closes", async () => {
    const idle: boolean[] = [];
    const breaker: CircuitBreaker = new CircuitBreaker({
      whenOpen: "wait",
      clock: new VirtualClock(),
      onChange() {
        idle.push(breaker.idle);
      },
    });
    breaker.isolate();
    const waiting = breaker.acquire();
    breaker.close();
    (await waiting).cancel();
    expect([...idle, breaker.idle]).toEqual([false, false, true]);
  });

  test("a lease whose holder never says that it starts knows nothing of the call before it", () => {
    const breaker = new CircuitBreaker();
    const failed = { status: "rejected", reason: down } as const;
    const left = breaker.tryAcquire();
    left?.start?.("x", { signal: AbortSignal.abort() });
    left?.finish(failed);
    expect(breaker.calls).toBe(0);
    breaker.tryAcquire()?.finish(failed);
    expect(breaker).toMatchObject({ calls: 1, failures: 1 });
  });

  test("it lets a caller in once, and nobody whose signal is aborted already", async () => {
    const breaker = new CircuitBreaker();
    await expect(breaker.acquire({ signal: AbortSignal.abort("before") })).rejects.toBe("before");
    expect(breaker.active).toBe(0);
    const lease = await breaker.acquire();
    expect(breaker.active).toBe(1);
    lease.cancel();
  });

  test("its errors call it by its own name", () => {
    expect(() => new CircuitBreaker({ probes: 0 })).toThrow(
      /^CircuitBreaker: probes must be a whole number of 1 or more/,
    );
  });

  test("a lease ends once, whatever its holder says afterwards", () => {
    const breaker = new CircuitBreaker();
    const lease = breaker.tryAcquire();
    lease?.start?.("x", {});
    lease?.answered?.({ status: "rejected", reason: down });
    lease?.finish({ status: "rejected", reason: down });
    lease?.cancel();
    expect([breaker.calls, breaker.failures, breaker.active]).toEqual([1, 1, 0]);
  });

  test("one layer is one circuit for all the services that it wraps", async () => {
    const breaker = circuitBreaker({ consecutive: 1 });
    const bad = breaker.wrap(serviceFn(() => Promise.reject(down)));
    const good = breaker.wrap(serviceFn(() => "ok"));
    await bad.call("x").catch(() => {});
    await expect(good.call("x")).rejects.toThrow(CircuitOpenError);
  });

  test("the same twice in one stack is refused", () => {
    const breaker = circuitBreaker();
    expect(() =>
      new ServiceBuilder()
        .layer(breaker)
        .layer(breaker)
        .serviceFn(() => 1),
    ).toThrow(TypeError);
  });

  test("call options whose members cannot be read refuse the call, and take no place", async () => {
    const { breaker, service } = await readyToProbe();
    const permit = service.tryReady("x");
    const options = {
      get signal(): never {
        throw new Error("not to be read");
      },
    };
    await expect(permit?.call("x", options)).rejects.toThrow("not to be read");
    expect(breaker.active).toBe(0);
    service.tryReady("x")?.release();
  });
});

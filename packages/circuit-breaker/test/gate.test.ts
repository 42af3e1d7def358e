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

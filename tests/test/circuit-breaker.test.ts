import { circuitBreaker, CircuitOpenError, isCircuitOpenError } from "@sluice/circuit-breaker";
import { gate, isRefusal, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { mockService, VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { recover } from "@sluice/util";
import { describe, expect, test } from "vitest";

const down = new Error("down");
const hung = (): Promise<never> => new Promise(() => {});

describe("a breaker and a timeout", () => {
  test("inside of it: the breaker opens at the timeout, and the limit outside still holds the slot of the work", async () => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(5, { clock });
    const breaker = circuitBreaker({ consecutive: 2, clock });
    const service = new ServiceBuilder()
      .layer(limit)
      .layer(breaker)
      .layer(timeout({ call: 100, clock }))
      .serviceFn(hung);
    const calls = [service.call("a"), service.call("b")].map((call) => call.catch((error: unknown) => error));
    await clock.advance(100);
    expect((await Promise.all(calls)).every(isTimeoutError)).toBe(true);
    expect([breaker.state, limit.active]).toEqual(["open", 2]);
    await expect(service.call("c")).rejects.toMatchObject({ cause: { name: "TimeoutError" } });
    expect(limit.active).toBe(2);
  });

  test("outside of it: a call that was given up on is a failure of the service, and an abort by its caller is none", async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ consecutive: 1, clock });
    const service = new ServiceBuilder()
      .layer(timeout({ call: 100, clock }))
      .layer(breaker)
      .serviceFn(
        (_request: string, { signal }) =>
          new Promise<never>((_resolve, reject) => {
            signal?.addEventListener("abort", () => {
              reject(signal.reason as Error);
            });
          }),
      );
    const controller = new AbortController();
    const left = service.call("a", { signal: controller.signal }).catch((error: unknown) => error);
    controller.abort(down);
    expect(await left).toBe(down);
    expect(breaker.state).toBe("closed");
    const late = service.call("b").catch((error: unknown) => error);
    await clock.advance(100);
    expect(isTimeoutError(await late)).toBe(true);
    await clock.advance(0);
    expect(breaker.state).toBe("open");
  });
});

describe("a breaker and a limit", () => {
  const tenWait = async (breakerInside: boolean) => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ consecutive: 1, clock });
    const limit = concurrencyLimit(1, { clock });
    const [inner, handle] = mockService<number, string>();
    const layers = breakerInside ? [limit, breaker] : [breaker, limit];
    const service = layers.reduceRight<typeof inner>((wrapped, layer) => layer.wrap(wrapped) as typeof inner, inner);
    const calls = Array.from({ length: 10 }, (_, nth) => service.call(nth).catch((error: unknown) => error));
    for (let nth = 0; nth < 10 && handle.active > 0; nth++) {
      (await handle.nextRequest()).fail(down);
      await clock.advance(0);
    }
    return { reached: handle.calls, refused: (await Promise.all(calls)).filter(isCircuitOpenError).length };
  };

  test("inside of the limit's line, those who wait when it opens are refused when their turn comes", async () => {
    expect(await tenWait(true)).toEqual({ reached: 1, refused: 9 });
  });

  test("outside of it they go in all the same", async () => {
    expect(await tenWait(false)).toEqual({ reached: 10, refused: 0 });
  });

  test("a probe in the line of a limit further in that gives up makes room for another one", async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ breakFor: 100, clock });
    const slots = new Semaphore(0);
    const service = new ServiceBuilder()
      .layer(breaker)
      .layer(gate(slots, { name: "slots" }))
      .serviceFn(() => "ok");
    breaker.open();
    await clock.advance(100);
    const controller = new AbortController();
    const waiting = service.call("a", { signal: controller.signal });
    await expect(service.call("b")).rejects.toThrow(CircuitOpenError);
    controller.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    slots.max = 1;
    expect(await service.call("c")).toBe("ok");
    expect(breaker.state).toBe("closed");
  });
});

describe("a breaker and a retry", () => {
  test("inside of it, attempts count, and the request ends with what opened the circuit as the cause", async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ minimumCalls: 2, clock });
    let asked = 0;
    const service = new ServiceBuilder()
      .layer(retry(retryPolicy({ maxRetries: 5, backoff: exponentialBackoff({ base: 0, max: 0 }) }), { clock }))
      .layer(breaker)
      .serviceFn(() => {
        asked++;
        throw down;
      });
    const error: unknown = await service.call("a").catch((reason: unknown) => reason);
    expect(isRefusal(error)).toBe(true);
    expect(error).toMatchObject({ code: "ERR_SLUICE_CIRCUIT_OPEN", cause: down });
    expect(asked).toBe(2);
  });
});

test("recover answers in place of an open circuit, whether it is asked by call or by tryReady", async () => {
  const breaker = circuitBreaker();
  const service = new ServiceBuilder()
    .layer(recover(CircuitOpenError, () => "stale"))
    .layer(breaker)
    .serviceFn(() => "fresh");
  breaker.open();
  expect(await service.call("a")).toBe("stale");
  expect(await service.tryReady("a")?.call("a")).toBe("stale");
});

test("loadShed refuses at once what would wait for a break to be over, and says for how long", async () => {
  const clock = new VirtualClock();
  const breaker = circuitBreaker({ whenOpen: "wait", breakFor: 100, label: "prices", clock });
  const service = loadShed().wrap(breaker.wrap(serviceFn(() => "ok")));
  breaker.open();
  await expect(service.call("a")).rejects.toMatchObject({
    code: "ERR_SLUICE_OVERLOADED",
    layer: "circuitBreaker",
    label: "prices",
    reason: "circuit",
    retryAfter: 100,
  });
  expect([breaker.waiting, clock.pending]).toEqual([0, 0]);
});

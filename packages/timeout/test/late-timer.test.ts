import { middleware, type Service, ServiceBuilder } from "@sluice/core";
import * as fc from "fast-check";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { timeout } from "../src/index.ts";

/*
 * The process's own timers are armed a few microtasks late. Fake timers are known as such and armed at once, as a virtual clock is, which is
 * what the other tests look at: so these look like Node's.
 */
const timers = vi.hoisted(() => {
  vi.useFakeTimers();
  const { setTimeout } = globalThis;
  const counted = { armed: 0 };
  const own = (...args: Parameters<typeof setTimeout>): unknown => {
    counted.armed++;
    return setTimeout(...args);
  };
  Object.defineProperties(own, { name: { value: "setTimeout" }, [Symbol.for("nodejs.util.promisify.custom")]: {} });
  globalThis.setTimeout = own as typeof setTimeout;
  return counted;
});
beforeEach(() => {
  timers.armed = 0;
});
afterEach(() => {
  vi.clearAllTimers();
});
afterAll(() => {
  vi.useRealTimers();
});

/** What a promise has come to, without waiting for it. */
function watch(promise: Promise<unknown>): { state: string; value: unknown } {
  const seen: { state: string; value: unknown } = { state: "pending", value: undefined };
  promise.then(
    (value) => Object.assign(seen, { state: "fulfilled", value }),
    (value: unknown) => Object.assign(seen, { state: "rejected", value }),
  );
  return seen;
}

const tooLate = (phase: string, ms: number): object => ({ code: "ERR_SLUICE_TIMEOUT", phase, ms });
const never = (): Promise<never> => new Promise(() => {});
const bounded = <Res>(
  ms: number,
  handler: (request: string) => Res | PromiseLike<Res>,
): Service<string, Awaited<Res>> => new ServiceBuilder().layer(timeout(ms)).serviceFn(handler);
/** Lets the microtasks run. */
const settle = async (): Promise<void> => {
  for (let microtasks = 0; microtasks < 100; microtasks++) await Promise.resolve();
};

describe("when the work is answered in the turn in which it began", () => {
  const passed = middleware("passed", async (request: string, next, options) => next(request, options));
  const services: Record<string, Service<string, string>> = {
    "at once": bounded(100, (request) => request),
    "by an async function": bounded(100, async (request) => request),
    "after a microtask": bounded(100, async (request) => {
      await Promise.resolve();
      return request;
    }),
    "behind a middleware and another timeout": new ServiceBuilder()
      .layer(timeout(200))
      .layer(passed)
      .layer(timeout(100))
      .serviceFn(async (request: string) => request),
  };
  test.each(Object.entries(services))("no timer is armed: %s", async (_name, service) => {
    const answers = [await service.call("a"), await service.call("b")];
    answers.push(...(await Promise.all([service.call("c"), service.call("d")])));
    expect(answers).toEqual(["a", "b", "c", "d"]);
    expect(timers.armed).toBe(0);
  });

  test("nor is one when it fails, or the caller gives up", async () => {
    const error = new Error("no");
    await expect(bounded(100, () => Promise.reject(error)).call("a")).rejects.toBe(error);
    const controller = new AbortController();
    void bounded(100, never).call("b", { signal: controller.signal });
    controller.abort();
    await settle();
    expect(timers.armed).toBe(0);
  });
});

describe("when the work goes on after the turn in which it began", () => {
  test("one timer is armed for all, and none when the last is answered", async () => {
    const answers: (() => void)[] = [];
    const service = bounded(100, () => new Promise<void>((resolve) => answers.push(resolve)));
    const calls = [watch(service.call("a")), watch(service.call("b"))];
    await settle();
    expect(vi.getTimerCount()).toBe(1);
    for (const answer of answers) answer();
    await settle();
    expect(calls.map(({ state }) => state)).toEqual(["fulfilled", "fulfilled"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("it times out when its time is over and not before", async () => {
    const call = watch(bounded(100, never).call("a"));
    await vi.advanceTimersByTimeAsync(99);
    expect(call.state).toBe("pending");
    await vi.advanceTimersByTimeAsync(1);
    expect(call).toMatchObject({ state: "rejected", value: tooLate("call", 100) });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("it is not forgotten when another, which came first, is answered at once", async () => {
    const service = bounded(100, (request) => (request === "quick" ? Promise.resolve() : never()));
    const quick = watch(service.call("quick"));
    const slow = watch(service.call("slow"));
    await vi.advanceTimersByTimeAsync(100);
    expect([quick.state, slow.state]).toEqual(["fulfilled", "rejected"]);
  });

  test("one that comes within those microtasks, and is due first, is given up on first", async () => {
    const service = bounded(100, never);
    const late = watch(service.call("a"));
    await Promise.resolve();
    const soon = watch(service.call("b", { deadline: performance.now() + 10 }));
    await vi.advanceTimersByTimeAsync(10);
    expect([late.state, soon.state]).toEqual(["pending", "rejected"]);
    await vi.advanceTimersByTimeAsync(90);
    expect(late.state).toBe("rejected");
  });

  test("where two are due together the outer one gives up first, and the work hears of that", async () => {
    let heard: AbortSignal | undefined;
    const service = new ServiceBuilder()
      .layer(timeout(50))
      .layer(timeout(100))
      .serviceFn((_request: string, { signal }) => {
        heard = signal;
        return never();
      });
    const call = watch(service.call("a"));
    await vi.advanceTimersByTimeAsync(50);
    expect(call).toMatchObject({ state: "rejected", value: tooLate("call", 50) });
    expect(heard?.reason).toBe(call.value);
  });

  test("a wait for readiness is timed out too", async () => {
    const gone = vi.fn<() => void>();
    const service = new ServiceBuilder().layer(timeout({ ready: 50 })).service({
      tryReady: () => undefined,
      ready: ({ signal } = {}) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            gone();
            reject(signal.reason);
          });
        }),
      call: never,
    });
    const ready = watch(service.ready());
    await vi.advanceTimersByTimeAsync(49);
    expect(ready.state).toBe("pending");
    await vi.advanceTimersByTimeAsync(1);
    expect(ready).toMatchObject({ state: "rejected", value: tooLate("ready", 50) });
    expect(gone).toHaveBeenCalledOnce();
  });
});

describe("when time is moved on in the very turn of the call", () => {
  test("it times out all the same", async () => {
    const call = watch(bounded(100, never).call("a"));
    vi.advanceTimersByTime(100);
    await settle();
    expect(call).toMatchObject({ state: "rejected", value: tooLate("call", 100) });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a response that is there wins", async () => {
    const call = watch(bounded(100, () => Promise.resolve("A")).call("a"));
    vi.advanceTimersByTime(100);
    await settle();
    expect(call).toMatchObject({ state: "fulfilled", value: "A" });
  });
});

test("work that computes for longer than it has, and then answers, has answered", async () => {
  const service = bounded(100, async (request) => {
    vi.advanceTimersByTime(150);
    return request;
  });
  await expect(service.call("a")).resolves.toBe("a");
});

test("whenever calls come, answers come and callers give up: each ends as it must, with one timer at most", async () => {
  const calls = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 30 }),
      /** Infinity: never. */
      takes: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Number.POSITIVE_INFINITY)),
      deadline: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(calls, async (planned) => {
      const began = performance.now();
      const takes = new Map<string, number>();
      const answers = new Map<string, () => void>();
      const service = bounded(10, (request) =>
        takes.get(request) === 0 ? undefined : new Promise<void>((resolve) => answers.set(request, resolve)),
      );
      const ends: string[] = [];
      const wanted: string[] = [];
      for (let ms = 0; ms <= 60; ms++) {
        if (ms > 0) await vi.advanceTimersByTimeAsync(1);
        for (const [index, call] of planned.entries()) {
          const name = `${index}`;
          if (call.at + call.takes === ms) answers.get(name)?.();
          if (call.at !== ms) continue;
          takes.set(name, call.takes);
          const deadline = call.deadline === undefined ? undefined : performance.now() + call.deadline;
          const end = (how: string): void => void ends.push(`${index} ${how} at ${performance.now() - began}`);
          service.call(name, { deadline }).then(
            () => end("fulfilled"),
            () => end("rejected"),
          );
          const has = Math.min(10, call.deadline ?? 10);
          // What is answered in the same millisecond is answered after the timer.
          wanted.push(
            call.takes < has
              ? `${index} fulfilled at ${call.at + call.takes}`
              : `${index} rejected at ${call.at + has}`,
          );
        }
        await settle();
        expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
      }
      expect(ends.sort()).toEqual(wanted.sort());
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 100 },
  );
});

import { serviceFn } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { hedge, type HedgeOptions } from "../src/index.ts";

/** A hedge around a service that takes as long as it is asked to. */
function timed(options: Partial<HedgeOptions<number>> = {}) {
  const clock = new VirtualClock();
  const layer = hedge<number>({ delay: 500, quantile: 0.9, clock, ...options });
  let calls = 0;
  const service = layer.wrap(
    serviceFn((ms: number, { signal }) => {
      calls++;
      return new Promise<string>((resolve, reject) => {
        const timer = clock.setTimeout(() => {
          resolve("ok");
        }, ms);
        signal?.addEventListener("abort", () => {
          clock.clearTimeout(timer);
          reject(signal.reason as Error);
        });
      });
    }),
  );
  const run = async (ms: number): Promise<void> => {
    const answer = service.call(ms);
    await clock.advanceAsync(ms);
    await answer;
  };
  return { clock, layer, service, run, calls: () => calls };
}

describe("the delay is a quantile of recent latencies", () => {
  test("as soon as there are enough samples, and `delay` before", async () => {
    const { layer, run } = timed({ minSamples: 10 });
    for (let ms = 1; ms <= 9; ms++) await run(ms * 10);
    expect(layer.delayNow).toBe(500);
    await run(100);
    // Nine in ten took 90 ms or less; the upper edge of the bucket.
    expect(layer.delayNow).toBeGreaterThanOrEqual(90);
    expect(layer.delayNow).toBeLessThanOrEqual(90 * 1.05);
  });

  test("never below minDelay", async () => {
    const { layer, run } = timed({ minSamples: 1, minDelay: 20 });
    await run(2);
    expect(layer.delayNow).toBe(20);
  });

  test("it forgets what is older than two periods, and hedges by `delay` until there are samples again", async () => {
    const { clock, layer, run } = timed({ minSamples: 1, period: 1_000 });
    await run(50);
    expect(layer.delayNow).toBeLessThan(60);
    await clock.advance(2_000);
    expect(layer.delayNow).toBe(500);
  });

  test("where `delay` is a function that says none until then, latencies are learned all the same", async () => {
    const { clock, layer, run, service, calls } = timed({ minSamples: 3, delay: () => undefined });
    expect(layer.delayNow).toBeUndefined();
    for (let nth = 0; nth < 3; nth++) await run(50);
    expect([layer.hedges, clock.pending]).toEqual([0, 0]);
    void service.call(300);
    await clock.advanceAsync(60);
    expect(calls()).toBe(5);
  });

  test("promise 10: losers do not enter it, nor do failures; the winner does, from its own start", async () => {
    const { clock, layer } = timed({ minSamples: 1 });
    const times = [400, 30];
    const learning = hedge<string>({ delay: 100, quantile: 0.5, minSamples: 1, clock });
    const service = learning.wrap(
      serviceFn(
        (_request: string, { signal }) =>
          new Promise<string>((resolve, reject) => {
            clock.setTimeout(() => {
              resolve("ok");
            }, times.shift()!);
            signal?.addEventListener("abort", () => {
              reject(signal.reason as Error);
            });
          }),
      ),
    );
    const answer = service.call("a");
    await clock.advanceAsync(400);
    expect(await answer).toBe("ok");
    // 30 ms, and neither 130 nor 400.
    expect(learning.delayNow).toBeGreaterThanOrEqual(30);
    expect(learning.delayNow).toBeLessThan(32);
    expect(layer.delayNow).toBe(500);
  });

  test("failures do not enter it", async () => {
    const clock = new VirtualClock();
    const layer = hedge({ delay: 100, quantile: 0.5, minSamples: 1, clock });
    const service = layer.wrap(serviceFn(() => Promise.reject(new Error("down"))));
    await service.call("a").catch(() => {});
    expect(layer.delayNow).toBe(100);
  });
});

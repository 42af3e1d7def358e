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

  test("without a quantile it is `delay`, however many have answered", async () => {
    const { layer, run } = timed({ quantile: undefined });
    for (let nth = 0; nth < 200; nth++) await run(5);
    expect(layer.delayNow).toBe(500);
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

  test("promise 10: the first attempt enters it, with what it had taken when it lost; a further one does not", async () => {
    const clock = new VirtualClock();
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
    // 130 ms, and neither 30 nor 400.
    expect(learning.delayNow).toBeGreaterThanOrEqual(130);
    expect(learning.delayNow).toBeLessThan(130 * 1.05);
  });

  test("where the first attempt fails and a further one answers, nothing enters it", async () => {
    const clock = new VirtualClock();
    let attempts = 0;
    const learning = hedge({ delay: 100, quantile: 0.5, minSamples: 1, clock });
    const service = learning.wrap(
      serviceFn(async () => {
        const first = attempts++ === 0;
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, first ? 110 : 200));
        if (first) throw new Error("down");
        return "ok";
      }),
    );
    const answer = service.call("a");
    await clock.advanceAsync(400);
    expect(await answer).toBe("ok");
    expect(learning.delayNow).toBe(100);
  });

  test.each([
    [
      "exponential latencies, of which the slow ones are unlike each other",
      (draw: number) => 1 - 20 * Math.log(1 - draw),
    ],
    ["latencies that are all alike", (draw: number) => 20 + draw * 20],
  ])("as many are hedged as it says: 5 % after the 95th percentile, with %s", async (_name, latency) => {
    const clock = new VirtualClock();
    const layer = hedge({ delay: 1, quantile: 0.95, clock });
    let seed = 7;
    const random = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
    const service = layer.wrap(
      serviceFn(
        (_request: number, { signal }) =>
          new Promise<string>((resolve, reject) => {
            const timer = clock.setTimeout(() => {
              resolve("ok");
            }, latency(random()));
            signal?.addEventListener("abort", () => {
              clock.clearTimeout(timer);
              reject(signal.reason as Error);
            });
          }),
      ),
    );
    // It has to find its way from a delay that is much too short.
    const hedged = async (calls: number): Promise<number> => {
      const before = layer.hedges;
      for (let nth = 0; nth < calls; nth++) {
        void service.call(nth);
        await clock.advanceAsync(5);
      }
      return (layer.hedges - before) / calls;
    };
    await hedged(6_000);
    const share = await hedged(10_000);
    // The quantile is the upper edge of a bucket, up to 5 % above the true one: where all are alike, fewer are slower than that.
    expect(share).toBeGreaterThan(0.01);
    expect(share).toBeLessThan(0.055);
  });

  test("failures do not enter it", async () => {
    const clock = new VirtualClock();
    const layer = hedge({ delay: 100, quantile: 0.5, minSamples: 1, clock });
    const service = layer.wrap(serviceFn(() => Promise.reject(new Error("down"))));
    await service.call("a").catch(() => {});
    expect(layer.delayNow).toBe(100);
  });
});

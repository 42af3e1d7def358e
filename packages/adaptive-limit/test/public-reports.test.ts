import { OverloadedError, ServiceBuilder } from "@sluice/core";
import { randomFrom } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { adaptiveLimit, aimd, gradient, type LimitAlgorithm, vegas } from "../src/index.ts";
import { saturated } from "./helper/saturated.ts";
import { sampleOf } from "./helper/steps.ts";

/** So many callers, one call at a time each, of a service without any limit, whose latencies are exponential with a mean of 1 s. */
async function limitWithNoise(algorithm: LimitAlgorithm, callers: number, minutes: number): Promise<number> {
  const clock = new VirtualClock();
  const random = randomFrom(3);
  const limit = adaptiveLimit(algorithm, { clock });
  const service = new ServiceBuilder().layer(limit).serviceFn(
    () =>
      new Promise<void>((resolve) => {
        clock.setTimeout(resolve, -Math.log(1 - random()) * 1_000);
      }),
  );
  const again = (): void => void service.call(undefined).then(again);
  for (let caller = 0; caller < callers; caller++) again();
  await clock.advanceAsync(minutes * 60_000);
  return limit.limit;
}

describe("concurrency-limits #37, #98, #165: the least latency ever seen decides too much", () => {
  test("one instant answer among ordinary ones moves nothing", () => {
    const algorithm = vegas({ initial: 20, max: 20, random: () => 0.5 });
    for (let window = 0; window < 10; window++) algorithm.sample(sampleOf({ rtt: 100 }));
    // Nine calls of 100 ms and one of 0: such a window has a standard error of 10 ms.
    algorithm.sample(sampleOf({ rtt: 90, error: 10 }));
    expect(algorithm.baseline).toBe(100);
    for (let window = 0; window < 10; window++) algorithm.sample(sampleOf({ rtt: 100 }));
    expect(algorithm.limit).toBe(20);
  });

  test("where calls differ a lot from each other, vegas does not take that for a queue", async () => {
    // Without regard to chance it ends below 10.
    expect(await limitWithNoise(vegas({ random: () => 0.5 }), 60, 5)).toBeGreaterThan(20);
  });

  test("gradient does not either", async () => {
    expect(await limitWithNoise(gradient(), 60, 5)).toBeGreaterThanOrEqual(60);
  });

  test("when calls take longer for good, vegas finds out, and the limit recovers", () => {
    const algorithm = vegas({ initial: 50, random: () => 0.5 });
    algorithm.sample(sampleOf({ rtt: 20 }));
    let least = algorithm.limit;
    let windows = 0;
    // A service of 50 workers, which take 60 ms from now on.
    while (algorithm.limit < 50 || windows < 100) {
      algorithm.sample(sampleOf({ rtt: 60 * Math.max(1, algorithm.limit / 50) }));
      least = Math.min(least, algorithm.limit);
      windows++;
      if (windows > 1_000) break;
    }
    expect(least).toBeLessThan(15);
    expect(windows).toBeLessThan(1_000);
    expect(algorithm.baseline).toBe(60);
  });

  test("measured anew under constant load, the least latency does not take the queue along", async () => {
    // Windows of 10 ms: it is measured anew each 13 s.
    const { observe, limit } = saturated(vegas({ random: () => 0.5 }), { window: { time: 10 } });
    await observe(45);
    expect(limit.limit).toBeLessThanOrEqual(62);
    expect(limit.baseline).toBeLessThan(22);
  });
});

describe("concurrency-limits #134: under modest overload gradient grows without end", () => {
  test("the room for a queue is added only where there is none", async () => {
    const { observe } = saturated(gradient(), { window: { time: 100 } }, { callers: 100 });
    await observe(20);
    const { most } = await observe(5);
    // With the room added always it grows for as long as this goes on.
    expect(most).toBeLessThan(60);
  });
});

describe("concurrency-limits #155: the limit goes down because it was reached", () => {
  test.each([
    ["aimd", () => aimd({ initial: 20, max: 20 })],
    ["vegas", () => vegas({ initial: 20, max: 20 })],
    ["gradient", () => gradient({ initial: 20, max: 20 })],
  ])("callers whom %s itself does not let in are no drops", async (_name, make) => {
    const clock = new VirtualClock();
    const limit = adaptiveLimit(make(), { clock });
    const service = new ServiceBuilder()
      .layer(limit)
      .serviceFn(() => new Promise<void>((resolve) => clock.setTimeout(resolve, 50)));
    for (let ms = 0; ms < 10_000; ms += 10) {
      // As many as come, and `tryReady` finds nothing for most of them.
      for (let caller = 0; caller < 20; caller++) void service.tryReady()?.call(undefined);
      await clock.advance(10);
    }
    expect(limit.limit).toBe(20);
  });
});

describe("a window in which every call is dropped", () => {
  test("takes the limit down, too: the published windows wait for calls that succeed", async () => {
    const clock = new VirtualClock();
    const limit = adaptiveLimit(aimd({ initial: 20, min: 1 }), { clock });
    const service = new ServiceBuilder().layer(limit).serviceFn(() => Promise.reject(new OverloadedError("server")));
    for (let call = 0; call < 50; call++) {
      await service.call(undefined).catch(() => {});
      await clock.advance(100);
    }
    expect(limit.limit).toBeLessThan(20);
  });

  test("says nothing of how long a call takes: failing fast is no least latency", () => {
    const algorithm = vegas();
    algorithm.sample(sampleOf({ rtt: 100 }));
    algorithm.sample(sampleOf({ rtt: 1, dropped: true }));
    expect(algorithm.baseline).toBe(100);
  });
});

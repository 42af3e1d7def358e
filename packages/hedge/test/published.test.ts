import { serviceFn } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { hedge } from "../src/index.ts";

/*
 * Dean and Barroso, "The Tail at Scale" (CACM 2013): a hedge after the 95th percentile costs about 5 % more requests. Here 5,000 calls, one
 * every 3 ms, of 5 to 15 ms each, of which 2 % take a second. On the layer that is shipped.
 */
const count = 5_000;

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function latencies(quantile: number | undefined) {
  const clock = new VirtualClock();
  const random = seeded(7);
  let requests = 0;
  const leaf = serviceFn((_request: number, { signal }) => {
    requests++;
    const takes = random() < 0.02 ? 1_000 : 5 + random() * 10;
    return new Promise<string>((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        resolve("ok");
      }, takes);
      signal?.addEventListener("abort", () => {
        clock.clearTimeout(timer);
        reject(signal.reason as Error);
      });
    });
  });
  const service = quantile === undefined ? leaf : hedge({ delay: 100, quantile, clock }).wrap(leaf);
  const took: number[] = [];
  for (let nth = 0; nth < count; nth++) {
    const began = clock.now();
    void service.call(nth).then(() => took.push(clock.now() - began));
    await clock.advanceAsync(3);
  }
  await clock.advanceAsync(2_000);
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.ceil(share * took.length) - 1]!;
  return { answered: took.length, more: requests / count - 1, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

describe("published result", () => {
  test("after the 95th percentile: about 5 % more requests, and the tail is gone", async () => {
    const without = await latencies(undefined);
    const hedged = await latencies(0.95);
    for (const [name, seen] of Object.entries({ without, hedged })) {
      const { more, p50, p99, p999 } = seen;
      console.log(
        `${name}: ${(more * 100).toFixed(1)} % more requests, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, p99.9 ${p999.toFixed(1)} ms`,
      );
    }
    expect([without.answered, hedged.answered]).toEqual([count, count]);
    expect(without.p99).toBe(1_000);
    expect(hedged.more).toBeGreaterThan(0.02);
    expect(hedged.more).toBeLessThan(0.06);
    expect(hedged.p99).toBeLessThan(40);
    expect(hedged.p999).toBeLessThan(60);
    expect(Math.abs(hedged.p50 - without.p50)).toBeLessThan(1);
  });
});

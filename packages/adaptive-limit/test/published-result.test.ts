import { describe, expect, test } from "vitest";
import { aimd, gradient, vegas } from "../src/index.ts";
import { saturated } from "./helper/saturated.ts";

/*
 * A server of 50 workers of 16 to 24 ms a call, so 2,500 calls a second, behind a queue of its own, and 400 callers who always want
 * something. Without a limit in front, each call waits for 350 others: 160 ms.
 */
const windows = { window: { time: 100 } };
const capacity = { least: 2_450, most: 2_550 };

describe("50 workers, and callers for eight times as many", () => {
  test("without a limit the server answers as many, and eight times as late", async () => {
    const { observe } = saturated(vegas({ initial: 400, min: 400 }), windows);
    await observe(5);
    const { rate, latency } = await observe(5);
    expect(rate).toBeGreaterThan(capacity.least);
    expect(latency).toBeGreaterThan(150);
  });

  test.each([
    // A queue of 3 to 6 calls is what Vegas aims at.
    ["vegas", () => saturated(vegas({ random: () => 0.5 }), windows), { least: 50, most: 58, latency: 24 }],
    // A queue of up to 30 is what the server allows.
    [
      "aimd, by refusals",
      () => saturated(aimd({ max: 1_000 }), windows, { maxQueue: 30 }),
      { least: 50, most: 81, latency: 33 },
    ],
    // (60 - 20) ms more than a call takes is a queue of 100.
    [
      "aimd, by a timeout of 60 ms",
      () => saturated(aimd({ timeout: 60, max: 1_000 }), windows),
      { least: 50, most: 152, latency: 60 },
    ],
    ["gradient", () => saturated(gradient(), windows), { least: 45, most: 57, latency: 23 }],
  ])("with %s the limit finds the workers, keeps them busy, and keeps the queue short", async (_name, make, bounds) => {
    const { observe } = make();
    await observe(15);
    const { least, most, rate, latency } = await observe(5);
    expect(least).toBeGreaterThanOrEqual(bounds.least);
    expect(most).toBeLessThanOrEqual(bounds.most);
    expect(rate).toBeGreaterThan(capacity.least);
    expect(rate).toBeLessThan(capacity.most);
    expect(latency).toBeLessThan(bounds.latency);
  });

  test("a step back for each sample, and not once a window, leaves a third of the workers idle", async () => {
    const { observe } = saturated({ ...steps(aimd({ timeout: 60, max: 1_000 })), eachSample: true }, { window: false });
    await observe(5);
    const { least, most } = await observe(5);
    expect(least).toBeLessThan(20);
    expect(most).toBeGreaterThan(100);
  });

  test("when four of five workers go, vegas follows within 5 s, and comes back when they do", async () => {
    const { observe, server, limit } = saturated(vegas({ random: () => 0.5 }), windows);
    await observe(10);
    server.workers = 10;
    await observe(5);
    expect(limit.limit).toBeLessThanOrEqual(18);
    const few = await observe(5);
    expect(few.rate).toBeGreaterThan(490);
    expect(few.latency).toBeLessThan(40);
    server.workers = 50;
    await observe(5);
    expect((await observe(5)).rate).toBeGreaterThan(capacity.least);
  });
});

/** An algorithm without the class behind it. */
function steps(algorithm: ReturnType<typeof aimd>) {
  return { limit: algorithm.limit, max: 1_000, sample: algorithm.sample.bind(algorithm) };
}

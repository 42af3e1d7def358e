import { describe, expect, test } from "vitest";
import { Simulation } from "./helper/simulate.ts";

/*
 * Beyer et al., Site Reliability Engineering, chapter 21: with K = 2 the backend refuses about as many requests as it takes; with K = 1.1
 * it refuses one for each ten. Here five times of what it can take are offered, on the layer that is shipped.
 */
const offered = 500;
const capacity = 100;

async function atFiveTimes(options: ConstructorParameters<typeof Simulation>[1]) {
  const simulation = new Simulation(capacity, options);
  await simulation.run(offered, 60_000);
  const { taken, refusedThere, refusedHere } = await simulation.run(offered, 60_000);
  return { taken: taken / 60, refusedPerTaken: refusedThere / taken, refusedHere };
}

describe("published result: refused by the backend for each one that it takes", () => {
  test("K = 2: about as many", async () => {
    const { taken, refusedPerTaken, refusedHere } = await atFiveTimes({ k: 2 });
    console.log(`K = 2: ${refusedPerTaken.toFixed(2)} refused for each taken, ${taken.toFixed(1)} taken a second`);
    expect(refusedPerTaken).toBeGreaterThan(0.95);
    expect(refusedPerTaken).toBeLessThan(1.05);
    // What it can take, it is given.
    expect(taken).toBeGreaterThan(capacity * 0.99);
    expect(refusedHere).toBeGreaterThan(0);
  });

  test("K = 1.1: one for ten", async () => {
    const { taken, refusedPerTaken } = await atFiveTimes({ k: 1.1 });
    console.log(`K = 1.1: ${refusedPerTaken.toFixed(2)} refused for each taken, ${taken.toFixed(1)} taken a second`);
    expect(refusedPerTaken).toBeGreaterThan(0.08);
    expect(refusedPerTaken).toBeLessThan(0.12);
    expect(taken).toBeGreaterThan(capacity * 0.95);
  });

  test("K = 2 by dice comes out alike", async () => {
    const { refusedPerTaken } = await atFiveTimes({ k: 2, random: Math.random });
    expect(refusedPerTaken).toBeGreaterThan(0.85);
    expect(refusedPerTaken).toBeLessThan(1.1);
  });

  test("nothing is refused here as long as the backend takes all", async () => {
    const simulation = new Simulation(capacity, { k: 2 });
    expect(await simulation.run(90, 60_000)).toEqual({ taken: 5_400, refusedThere: 0, refusedHere: 0 });
  });
});

describe("how long it takes to come back after an outage that is longer than the window", () => {
  // What is not in the book: the share that passes grows with what was accepted, by about K - 1 a window.
  test.each([
    [2, 1, 2.5],
    [1.5, 2, 4],
    [1.25, 4, 6.5],
    [1.1, 8, 13],
  ])("with k = %d nine in ten pass again after %d to %d windows", async (k, least, most) => {
    const window = 10_000;
    const simulation = new Simulation(1_000, { k, window });
    await simulation.run(100, window);
    simulation.capacity = 0;
    await simulation.run(100, window * 2);
    simulation.capacity = 1_000;
    let windows = 0;
    let passed = 0;
    while (passed < 0.9 && windows < 20) {
      const { taken, refusedHere } = await simulation.run(100, window / 10);
      passed = taken / (taken + refusedHere);
      windows += 0.1;
    }
    console.log(`k = ${k}: nine in ten pass again after ${windows.toFixed(1)} windows`);
    expect(windows).toBeGreaterThanOrEqual(least);
    expect(windows).toBeLessThanOrEqual(most);
  });
});

import { describe, expect, it } from "vitest";
import { tailOf, percentile, shareOf } from "../src/world/latencies.ts";
import { PerSecond } from "../src/world/per-second.ts";
import { simulate } from "../src/world/world.ts";

describe("simulate", () => {
  it("answers with what the program answers, at the end of its virtual time", async () => {
    const seen = await simulate(async (world) => {
      await world.pause(3_600_000);
      return world.now;
    });
    expect(seen).toBe(3_600_000);
  });

  it("lets work end that outlives the program", async () => {
    let ended = false;
    await simulate(async (world) => {
      void world.pause(5_000).then(() => (ended = true));
      await world.pause(1);
    });
    expect(ended).toBe(true);
  });

  it("fails as the program fails, though timers are armed", async () => {
    const failing = simulate(async (world) => {
      void world.every(10, Number.POSITIVE_INFINITY, () => {});
      await world.pause(1);
      throw new Error("wrong");
    });
    await expect(failing).rejects.toThrow("wrong");
  });

  it("says so when the program waits for what no timer brings", async () => {
    await expect(simulate(() => new Promise(() => {}))).rejects.toThrow("no timer brings");
  });

  it("is the same for the same seed, and another for another one", async () => {
    const draw = (seed: number) => simulate(async (world) => Array.from({ length: 5 }, world.random), seed);
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });
});

describe("a world", () => {
  it("ends a pause at an abort, with its reason and without its timer", async () => {
    await simulate(async (world) => {
      const controller = new AbortController();
      const pause = world.pause(1_000, controller.signal);
      controller.abort(new Error("enough"));
      await expect(pause).rejects.toThrow("enough");
      await expect(world.pause(1_000, controller.signal)).rejects.toThrow("enough");
      expect(world.clock.pending).toBe(0);
    });
  });

  it("lets so many arrive a second on average, and none after the end", async () => {
    const times = await simulate(async (world) => {
      const seen: number[] = [];
      await world.arrivals(100, 100_000, () => seen.push(world.now));
      expect(world.now).toBe(100_000);
      return seen;
    });
    // The standard deviation of 10,000 arrivals is 100.
    expect(Math.abs(times.length - 10_000)).toBeLessThan(400);
    expect(Math.max(...times)).toBeLessThan(100_000);
  });

  it("draws numbers with the mean that was asked for", async () => {
    await simulate(async (world) => {
      const draws = Array.from({ length: 10_000 }, () => world.exponential(10));
      expect(draws.reduce((sum, draw) => sum + draw, 0) / draws.length).toBeCloseTo(10, 0);
      for (let draw = 0; draw < 100; draw++) {
        const number = world.between(2, 3);
        expect(number >= 2 && number < 3).toBe(true);
      }
    });
  });
});

describe("what is counted", () => {
  it("is rates in spans of seconds", async () => {
    const counts = await simulate(async (world) => {
      const perSecond = new PerSecond(world);
      await world.every(100, 4_000, () => world.now < 2_000 && perSecond.add());
      return perSecond;
    });
    expect(counts.rate(0, 1)).toBe(9);
    expect(counts.rate(1, 2)).toBe(10);
    expect(counts.rate(2, 4)).toBe(0);
    expect(counts.points(4, 2)).toEqual([
      [0, 9.5],
      [2, 0],
    ]);
  });

  it("is quantiles and shares", () => {
    const latencies = Array.from({ length: 101 }, (_, index) => 100 - index);
    expect(percentile(latencies, 0.5)).toBe(50);
    expect(percentile(latencies, 0.99)).toBe(99);
    expect(percentile([], 0.5)).toBe(0);
    expect(shareOf(latencies, (each) => each < 10)).toBeCloseTo(10 / 101);
    expect(shareOf([], () => true)).toBe(0);
    // One in a thousand is no question for a hundred.
    expect(tailOf(latencies)).toEqual([
      [2, 50],
      [4, 75],
      [10, 90],
      [20, 95],
      [50, 98],
      [100, 99],
    ]);
  });
});

import * as fc from "fast-check";
import { seed } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { drawnStacks, runAtRandom, schedules } from "./helper/random-run.ts";

const { SLUICE_SCHEDULES = "10000" } = process.env;
/**
 * Twice as many as for a model. In 20,000, each kind of layer is around each other kind some hundred times. A failing run names its seed
 * and its path.
 */
const runs = 2 * Number(SLUICE_SCHEDULES);

test(
  "promises 3, 5, 6 and 13: any layers in any order, whatever happens to them, come to rest",
  { timeout: Math.max(120_000, runs * 20) },
  async () => {
    await fc.assert(
      fc.asyncProperty(drawnStacks, schedules, async (draws, steps) => {
        expect(await runAtRandom(draws, steps)).toEqual([]);
      }),
      { numRuns: runs, seed },
    );
    console.log(`random stacks: ${runs} stacks, a schedule each, seed ${seed}`);
  },
);

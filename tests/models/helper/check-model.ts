import * as fc from "fast-check";
import { seed, turn } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { Play } from "./play.ts";
import { Rejections } from "./rejections.ts";
import { type Schedule, schedules } from "./schedule.ts";
import type { Seams, Trial } from "./trial.ts";

const { SLUICE_SCHEDULES = "10000", SLUICE_PATH } = process.env;
const numRuns = Number(SLUICE_SCHEDULES);

/** A schedule that failed once: it is played in each run, whatever the seed. */
export interface Kept {
  readonly seed: number;
  readonly path: string;
  /** Who was wrong, and why. */
  readonly because: string;
}

/**
 * Plays random schedules on the real thing and on its model. SLUICE_SCHEDULES says how many (default 10,000), SLUICE_SEED from
 * which seed (default: always the same), and SLUICE_PATH repeats the one schedule that a failure names.
 *
 * @param shapes what the thing is made with
 * @param make makes it, and its model, anew
 * @param kept schedules that failed once
 */
export function checkModel<Shape>(
  name: string,
  weights: Readonly<Record<string, number>>,
  shapes: fc.Arbitrary<Shape>,
  make: (shape: Shape, seams: Seams) => Trial,
  kept: readonly Kept[] = [],
): void {
  const limits = { timeout: Math.max(60_000, numRuns * 10) };
  /** Plays what the parameters draw, and says what failed. */
  const check = async (parameters: fc.Parameters<unknown>) => {
    const rejections = new Rejections();
    let exact = 0;
    const property = fc.asyncProperty(fc.noBias(shapes), schedules(weights), async (shape, schedule) => {
      // Of a schedule that failed half-way something may be left.
      await turn();
      rejections.take();
      if (schedule.exact) exact++;
      const play = new Play((seams) => make(shape, seams), schedule.exact);
      await play.run(schedule.steps, rejections);
    });
    const result = await fc
      .check(property, parameters as fc.Parameters<[Shape, Schedule]>)
      .finally(() => rejections.stop());
    return { failure: result.failed ? reportOf(name, result) : "", played: result.numRuns, exact };
  };

  test(`${name}, whatever the schedule`, limits, async () => {
    const began = performance.now();
    const path = SLUICE_PATH === undefined ? {} : { path: SLUICE_PATH };
    const { failure, played, exact } = await check({ numRuns, seed, ...path });
    expect(failure).toBe("");
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(`model ${name}: ${played} schedules, ${exact} of them step by step, seed ${seed}, ${seconds} s`);
  });

  for (const { seed: once, path, because } of kept) {
    test(`${name}, a schedule that failed once: ${because}`, async () => {
      const { failure } = await check({ numRuns: 1, seed: once, path, endOnFailure: true });
      expect(failure).toBe("");
    });
  }
}

/** What failed, the shortest schedule that shows it, and how to repeat it. */
function reportOf<Ts>(name: string, result: fc.RunDetails<Ts>): string {
  const { counterexamplePath, errorInstance } = result;
  const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const repeat = `SLUICE_SEED=${seed} SLUICE_PATH=${counterexamplePath} npx vitest run --project tests models -t "${name}"`;
  return `${fc.defaultReportMessage(result)}\n\n${error}\n\nRepeat it alone:\n${repeat}`;
}

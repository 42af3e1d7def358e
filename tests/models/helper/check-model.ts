import * as fc from "fast-check";
import { turn } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { Play } from "./play.ts";
import { Rejections } from "./rejections.ts";
import { schedules } from "./schedule.ts";
import type { Seams, Trial } from "./trial.ts";

const { SLUICE_SCHEDULES = "10000", SLUICE_SEED, SLUICE_PATH } = process.env;
const numRuns = Number(SLUICE_SCHEDULES);
const seed = SLUICE_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SLUICE_SEED);

/**
 * Plays random schedules on the real thing and on its model. How many is said by SLUICE_SCHEDULES (default 10,000); the
 * seed by SLUICE_SEED (default: another one each time), and SLUICE_PATH repeats the one schedule that a failure names.
 *
 * @param shapes what the thing is made with
 * @param make makes it, and its model, anew
 */
export function checkModel<Shape>(
  name: string,
  weights: Readonly<Record<string, number>>,
  shapes: fc.Arbitrary<Shape>,
  make: (shape: Shape, seams: Seams) => Trial,
): void {
  const limits = { timeout: Math.max(60_000, numRuns * 10) };
  test(`${name}, whatever the schedule`, limits, async () => {
    const began = performance.now();
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
    const path = SLUICE_PATH === undefined ? {} : { path: SLUICE_PATH };
    const result = await fc.check(property, { numRuns, seed, ...path }).finally(() => rejections.stop());
    expect(result.failed ? reportOf(name, result) : "").toBe("");
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(
      `model ${name}: ${result.numRuns} schedules, ${exact} of them step by step, seed ${seed}, ${seconds} s`,
    );
  });
}

/** What failed, the shortest schedule that shows it, and how to repeat it. */
function reportOf<Ts>(name: string, result: fc.RunDetails<Ts>): string {
  const { counterexamplePath, errorInstance } = result;
  const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const repeat = `SLUICE_SEED=${seed} SLUICE_PATH=${counterexamplePath} npx vitest run --project tests models -t "${name}"`;
  return `${fc.defaultReportMessage(result)}\n\n${error}\n\nRepeat it alone:\n${repeat}`;
}

import * as fc from "fast-check";
import { seed, turn } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { Play } from "./play.ts";
import { Rejections } from "./rejections.ts";
import { type Schedule, schedules } from "./schedule.ts";
import type { Seams, Trial } from "./trial.ts";

const { SLUICE_SCHEDULES = "10000", SLUICE_PATH } = process.env;
const numRuns = Number(SLUICE_SCHEDULES);

/**
 * A schedule that failed once: it is played in each run, with any seed. The schedule itself is kept, for a seed and a path lead to another
 * schedule as soon as a model has a new action or another weight.
 */
export interface Kept<Shape> {
  /** The cause: the model or the layer, and why. */
  readonly because: string;
  /** The seed and path that found it. */
  readonly seed: number;
  readonly path: string;
  /** The counterexample: the shape and the steps. */
  readonly shape: Shape;
  readonly schedule: Schedule;
}

/**
 * Plays random schedules on the real layer and on its model. SLUICE_SCHEDULES sets how many (default 10,000), SLUICE_SEED the seed
 * (default: always the same), and SLUICE_PATH repeats the one schedule that a failure names.
 *
 * @param shapes the options that the layer is made with
 * @param make makes the layer and its model
 * @param kept schedules that failed once
 */
export function checkModel<Shape>(
  name: string,
  weights: Readonly<Record<string, number>>,
  shapes: fc.Arbitrary<Shape>,
  make: (shape: Shape, seams: Seams) => Trial,
  kept: readonly Kept<Shape>[] = [],
): void {
  const limits = { timeout: Math.max(60_000, numRuns * 10) };
  const play = async (shape: Shape, { exact, steps }: Schedule, rejections: Rejections): Promise<void> => {
    // A schedule that failed half-way may leave something behind.
    await turn();
    rejections.take();
    await new Play((seams) => make(shape, seams), exact).run(steps, rejections);
  };

  test(`${name}, whatever the schedule`, limits, async () => {
    const began = performance.now();
    const rejections = new Rejections();
    let exact = 0;
    const property = fc.asyncProperty(fc.noBias(shapes), schedules(weights), (shape, schedule) => {
      if (schedule.exact) exact++;
      return play(shape, schedule, rejections);
    });
    const path = SLUICE_PATH === undefined ? {} : { path: SLUICE_PATH };
    const result = await fc.check(property, { numRuns, seed, ...path }).finally(() => rejections.stop());
    expect(result.failed ? reportOf(name, result) : "").toBe("");
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(
      `model ${name}: ${result.numRuns} schedules, ${exact} of them step by step, seed ${seed}, ${seconds} s`,
    );
  });

  for (const { because, shape, schedule } of kept) {
    test(`${name}, a schedule that failed once: ${because}`, async () => {
      const rejections = new Rejections();
      const played = play(shape, schedule, rejections).finally(() => rejections.stop());
      await expect(played).resolves.toBeUndefined();
    });
  }
}

/** The failure, the shortest schedule that shows it, and the command that repeats it. */
function reportOf<Ts>(name: string, result: fc.RunDetails<Ts>): string {
  const { counterexamplePath, errorInstance } = result;
  const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const repeat = `SLUICE_SEED=${seed} SLUICE_PATH=${counterexamplePath} npx vitest run --project tests models -t "${name}"`;
  const keep = `Mended, it is kept in tests/models/kept/, as the counterexample above says.`;
  return `${fc.defaultReportMessage(result)}\n\n${error}\n\nRepeat it alone:\n${repeat}\n${keep}`;
}

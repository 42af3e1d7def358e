import { checkContract } from "@sluice/testing/contract";
import * as fc from "fast-check";
import { seed } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { does, drawnLayer, type LayerDraw } from "./helper/drawn-layer.ts";
import { drawnStacks } from "./helper/random-run.ts";
import { stackedLayer } from "./helper/stacked.ts";

/** How many stacks are drawn, and the path of one that failed. */
const { SLUICE_STACKS = "250", SLUICE_PATH } = process.env;
const numRuns = Number(SLUICE_STACKS);

/** Random schedules for each stack: few, for there are many stacks. */
const runs = 25;

/** `andThen` that reserves both services around a retry waits for the first while it holds the second, as its documentation says. */
function mayDeadlock(draws: readonly LayerDraw[]): boolean {
  const both = draws.findIndex((draw) => does(draw, "joins"));
  return both >= 0 && draws.slice(both).some((draw) => does(draw, "repeats"));
}

const stacks = drawnStacks.filter((draws) => !draws.some((draw) => does(draw, "opaque")) && !mayDeadlock(draws));

const nameOf = ({ kind, size, ms }: LayerDraw): string => `${kind} (${size}, ${ms} ms)`;

async function reportOn(draws: readonly LayerDraw[], drawn: number): Promise<string> {
  const has = (trait: "joins" | "defers" | "answers"): true | undefined =>
    draws.some((draw) => does(draw, trait)) || undefined;
  const report = await checkContract(({ clock }) => stackedLayer(draws.map((draw) => drawnLayer(draw, clock).layer)), {
    requests: ["x", "xx", "xxx"],
    responses: ["y"],
    joins: has("joins"),
    defers: has("defers"),
    answers: has("answers"),
    runs,
    seed: drawn,
  });
  return report.ok ? "" : `${draws.map(nameOf).join(", ")}\n${report.toString()}`;
}

test(
  "all fourteen promises: any layers in any order keep them together",
  { timeout: Math.max(60_000, numRuns * 1_000) },
  async () => {
    const began = performance.now();
    const result = await fc.check(
      fc.asyncProperty(stacks, fc.nat(), async (draws, drawn) => {
        const report = await reportOn(draws, drawn);
        if (report !== "") throw new Error(report);
      }),
      {
        numRuns,
        seed,
        ...(SLUICE_PATH === undefined ? {} : { path: SLUICE_PATH }),
      },
    );
    const repeat = `SLUICE_SEED=${seed} SLUICE_PATH=${result.counterexamplePath}`;
    // The report is the message, for of compared values the runner shows only the first words.
    expect(result.failed, `${String(result.errorInstance)}\n\nRepeat it: ${repeat}`).toBe(false);
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(`contract of stacks: ${result.numRuns} stacks, ${runs} schedules each, seed ${seed}, ${seconds} s`);
  },
);

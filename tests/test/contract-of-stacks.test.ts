import { checkContract } from "@sluice/testing/contract";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { kinds, type LayerDraw } from "./helper/drawn-layer.ts";
import { drawnStacks } from "./helper/random-run.ts";
import { stackedLayer } from "./helper/stacked.ts";

/** How many stacks are drawn; from which seed (default: another one each time), and the path of one that failed. */
const { SLUICE_STACKS = "250", SLUICE_SEED, SLUICE_PATH } = process.env;
const numRuns = Number(SLUICE_STACKS);
const chosen = SLUICE_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SLUICE_SEED);

/** Random schedules for each stack; there are the more stacks. */
const runs = 25;

/** Of these nobody outside can tell whether they are at rest, or ready for whoever does not say what for. */
const beyondTelling: readonly string[] = [
  // A timer that it waits for looks like one that was left behind.
  "concurrencyLimit, until",
  // Two routes to one service: where that has room for one, there is never one of each.
  "routingTable",
];

/** Whoever reserves both of two services, and tries again within, waits for the first with the second in hand: andThen says so. */
function mayDeadlock(draws: readonly LayerDraw[]): boolean {
  const both = draws.findIndex(({ kind }) => kind === "andThen, both");
  return both >= 0 && draws.slice(both).some(({ kind }) => kind.startsWith("retry"));
}

const stacks = drawnStacks.filter(
  (draws) => !draws.some(({ kind }) => beyondTelling.includes(kind)) && !mayDeadlock(draws),
);

const nameOf = ({ kind, size, ms }: LayerDraw): string => `${kind} (${size}, ${ms} ms)`;

async function reportOn(draws: readonly LayerDraw[], seed: number): Promise<string> {
  const has = (kind: string): true | undefined => draws.some((draw) => draw.kind === kind) || undefined;
  const report = await checkContract(
    ({ clock }) => stackedLayer(draws.map((draw) => kinds[draw.kind]!(draw, clock).layer)),
    {
      requests: ["x", "xx", "xxx"],
      responses: ["y"],
      joins: has("andThen, both"),
      defers: has("filter, async"),
      runs,
      seed,
    },
  );
  return report.ok ? "" : `${draws.map(nameOf).join(", ")}\n${report.toString()}`;
}

test(
  "all fourteen promises: any layers in any order keep them together",
  { timeout: Math.max(60_000, numRuns * 1_000) },
  async () => {
    const began = performance.now();
    const result = await fc.check(
      fc.asyncProperty(stacks, fc.nat(), async (draws, seed) => {
        const report = await reportOn(draws, seed);
        if (report !== "") throw new Error(report);
      }),
      {
        numRuns,
        seed: chosen,
        ...(SLUICE_PATH === undefined ? {} : { path: SLUICE_PATH }),
      },
    );
    const repeat = `SLUICE_SEED=${chosen} SLUICE_PATH=${result.counterexamplePath}`;
    // The report as a message: of values that are compared the runner shows the first few words.
    expect(result.failed, `${String(result.errorInstance)}\n\nRepeat it: ${repeat}`).toBe(false);
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(`contract of stacks: ${result.numRuns} stacks, ${runs} schedules each, seed ${chosen}, ${seconds} s`);
  },
);

import { megamorphic } from "./megamorphic.ts";
import type { Subject, Variant } from "./question.ts";

/** One call. */
export type Call = (request: number) => Promise<unknown>;

/** The work that all variants wrap: the smallest async function. */
export const answer = async (request: number): Promise<number> => request;

/** How long one round takes, in ns of CPU time. */
const roundTime = 30e6;

/** One call after the other, each when the one before has been answered. */
export function oneByOne(
  name: string,
  by: Variant["by"],
  make: () => Call | Promise<Call>,
  { mixed = false }: { readonly mixed?: boolean } = {},
): Variant {
  return { name, by, prepare: async () => subjectOf(await make(), mixed) };
}

async function subjectOf(call: Call, mixed: boolean): Promise<Subject> {
  const run = async (count: number): Promise<number> => {
    // No call waits, so this is its time on an idle machine. The collector's threads are included.
    const begin = process.cpuUsage();
    for (let index = 0; index < count; index++) await call(index);
    const { user, system } = process.cpuUsage(begin);
    // The resolution is 1 µs, so a few calls may take 0.
    return Math.max(((user + system) * 1e3) / count, 1);
  };
  if (mixed) await megamorphic();
  let each = await run(200);
  // Long enough for the optimizing compiler, which runs in the background.
  for (let rounds = 0; rounds < 6; rounds++) each = await run(Math.ceil(roundTime / each));
  if (mixed) {
    await megamorphic();
    each = await run(Math.ceil(roundTime / each));
  }
  const count = Math.ceil(roundTime / each);
  return {
    round: async () => ({ ns: await run(count) }),
    once: async () => ({ bytes: await bytesPerCall(run), hops: (await hops(call)) - (await hops(answer)) }),
  };
}

/** How many bytes one call allocates, while the collector does not run: the least of a few measurements. */
export async function bytesPerCall(run: (count: number) => Promise<unknown>, count = 2_000): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let looks = 0; looks < 5; looks++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    await run(count);
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / count);
  }
  return least;
}

/** After how many microtasks a call is answered. NaN where it takes a timer or another turn of the event loop. */
async function hops(call: Call): Promise<number> {
  const state = { answered: false };
  const mark = (): void => {
    state.answered = true;
  };
  void call(1).then(mark, mark);
  for (let microtasks = 0; microtasks < 1_000; microtasks++) {
    if (state.answered) return microtasks;
    await Promise.resolve();
  }
  return Number.NaN;
}

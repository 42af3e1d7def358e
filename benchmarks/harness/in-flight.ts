import type { Call } from "./calls.ts";
import type { Subject, Variant } from "./question.ts";

/** Starts `count` calls, and answers them when all are in flight. */
export function inFlight(
  name: string,
  by: Variant["by"],
  count: number,
  make: (work: Call) => Call | Promise<Call>,
): Variant {
  const prepare = async (): Promise<Subject> => {
    let answers: ((request: number) => void)[] = [];
    const call = await make((request) => new Promise((resolve) => answers.push(() => resolve(request))));
    const begin = (): Promise<unknown>[] => {
      answers = [];
      return Array.from({ length: count }, (_, index) => call(index));
    };
    /** Some libraries begin the work later than the call. */
    const begun = async (): Promise<void> => {
      while (answers.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    const end = async (calls: readonly Promise<unknown>[]): Promise<void> => {
      await begun();
      for (const each of answers) each(0);
      for (const each of calls) await each;
      // Otherwise they stay referenced, and falsify the next count.
      answers = [];
    };
    const all = async (): Promise<number> => {
      globalThis.gc?.();
      const began = performance.now();
      await end(begin());
      return ((performance.now() - began) * 1e6) / count;
    };
    for (let warm = 0; warm < 50_000; warm += count) await all();
    return {
      round: async () => ({ ns: await all() }),
      once: async () => {
        globalThis.gc?.();
        const before = process.memoryUsage().heapUsed;
        const calls = begin();
        await begun();
        globalThis.gc?.();
        const bytes = (process.memoryUsage().heapUsed - before) / count;
        await end(calls);
        return { bytes };
      },
    };
  };
  return { name, by, prepare };
}

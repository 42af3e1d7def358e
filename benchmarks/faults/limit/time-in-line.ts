import { type Fault, seen } from "../fault.ts";
import type { Library } from "../library.ts";
import { ending } from "../work.ts";

const patience = 5_000;

/** Microseconds for each of `count` waiters; Infinity where they take too long. */
async function each(library: Required<Library>, count: number): Promise<number> {
  const call = await library.limit(1);
  const began = performance.now();
  const answers = Array.from({ length: count }, () => call(async () => undefined));
  const { status } = await ending(Promise.all(answers), patience);
  const took = performance.now() - began;
  return status === "fulfilled" && took < patience ? (took * 1_000) / count : Number.POSITIVE_INFINITY;
}

/** With a constant time for each waiter, ten times as many waiters take the same time each, apart from the garbage collector. */
export const fault: Fault = {
  name: "time-in-line",
  title: "Ten times as many wait: does each take 7 times as long, or more?",
  alone: true,
  needs: ["limit"],
  async ask(library) {
    await each(library, 100);
    // As many as it can handle in about a second.
    const slow = (await each(library, 400)) > 300;
    const few = slow ? 100 : 8_000;
    const short = slow ? await each(library, few) : Math.min(await each(library, few), await each(library, few));
    const long = await each(library, few * 10);
    const [from, to] = [few, few * 10].map((count) => count.toLocaleString("en"));
    const took = Number.isFinite(long) ? inMicros(long) : `over ${patience / 1_000} s`;
    return seen(`${from}: ${inMicros(short)}; ${to}: ${took}`, long < 7 * short);
  },
};

const inMicros = (time: number): string => `${time < 100 ? time.toFixed(1) : Math.round(time)} µs`;

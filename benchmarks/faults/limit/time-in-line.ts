import { type Fault, seen } from "../fault.ts";
import { ending } from "../work.ts";

const few = 10_000;
const many = 50_000;
const patience = 6_000;

/** How much longer each takes where many wait: a line that is searched or moved shows. Both are long enough for the garbage collector. */
export const fault: Fault = {
  name: "time-in-line",
  title: `${many.toLocaleString("en")} wait instead of ${few.toLocaleString("en")}: how much longer does each take?`,
  alone: true,
  needs: ["limit"],
  async ask(library) {
    const once = async (count: number): Promise<number> => {
      const call = await library.limit(1);
      const began = performance.now();
      const answers = Array.from({ length: count }, () => call(async () => undefined));
      const { status } = await ending(Promise.all(answers), patience);
      return status === "fulfilled" ? ((performance.now() - began) * 1_000) / count : Number.POSITIVE_INFINITY;
    };
    const each = async (count: number): Promise<number> => {
      const first = await once(count);
      return Number.isFinite(first) && first * count < patience * 100 ? Math.min(first, await once(count)) : first;
    };
    const short = await each(few);
    if (!Number.isFinite(short)) return seen(`${few.toLocaleString("en")} took more than ${patience / 1_000} s`, false);
    const long = await each(many);
    if (!Number.isFinite(long)) return seen(`more than ${patience / 1_000} s, ${short.toFixed(1)} µs before`, false);
    const times = long / short;
    return seen(`${times < 1 ? "less" : `${times.toFixed(1)} times`}, ${long.toFixed(1)} µs`, times < 4);
  },
};

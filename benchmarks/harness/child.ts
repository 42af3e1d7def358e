// One variant in a process of its own, so that none runs on code that was optimized for another.
import { pathToFileURL } from "node:url";
import type { Question } from "./question.ts";

const [file, name] = process.argv.slice(2) as [string, string];
const { question } = (await import(pathToFileURL(file).href)) as { question: Question };
const variant = question.variants.find((each) => each.name === name);
if (variant === undefined) throw new RangeError(`There is no variant ${name}.`);
const run = variant.prepare();
let { count } = variant;

/** What one takes, in ns. */
async function round(times: number): Promise<number> {
  const begin = process.hrtime.bigint();
  await run(times);
  return Number(process.hrtime.bigint() - begin) / times;
}

async function warm(): Promise<void> {
  if (count !== undefined) {
    await round(count);
    return;
  }
  let each = await round(1_000);
  for (let rounds = 0; rounds < 5; rounds++) each = await round(Math.ceil(20_000_000 / each));
  count = Math.ceil(50_000_000 / each);
}

process.on("message", (message: "warm" | "round" | "bytes") => {
  const work = {
    warm,
    round: () => round(count ?? 1),
    /** How much garbage one makes, while the collector does not run. */
    bytes: async () => {
      globalThis.gc?.();
      const times = Math.min(count ?? 1, 10_000);
      const before = process.memoryUsage().heapUsed;
      await run(times);
      return (process.memoryUsage().heapUsed - before) / times;
    },
  }[message];
  void work().then((figure) => process.send?.(figure ?? 0));
});

import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

const few = 2_000;
const many = 20_000;

export const fault: Fault = {
  name: "time-to-leave",
  title: `${many.toLocaleString("en")} instead of ${few.toLocaleString("en")} leave the line, the last first: how much longer does each take?`,
  alone: true,
  needs: ["limit", "signals"],
  async ask(library) {
    const each = async (count: number): Promise<number> => {
      const call = await library.limit(1);
      const first = new Site().held();
      ignore(call(first.work));
      const controllers = Array.from({ length: count }, () => new AbortController());
      const answers = controllers.map(({ signal }) => call(async () => undefined, signal));
      for (const answer of answers) ignore(answer);
      await sleep(20);
      const reason = new Error("gone");
      const began = performance.now();
      for (const controller of controllers.reverse()) controller.abort(reason);
      const took = performance.now() - began;
      first.end();
      await Promise.allSettled(answers);
      return (took * 1_000) / count;
    };
    await each(few);
    const short = Math.min(await each(few), await each(few), await each(few));
    const long = await each(many);
    const times = long / short;
    return seen(`${times < 1 ? "less" : `${times.toFixed(1)} times`}, ${long.toFixed(1)} µs`, times < 4);
  },
};

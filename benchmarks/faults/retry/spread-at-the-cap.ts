import { type Fault, seen } from "../fault.ts";
import { ending } from "../work.ts";

const cap = 60;
const callers = 40;

export const fault: Fault = {
  name: "spread-at-the-cap",
  title: `${callers} callers fail together until the backoff is at its cap of ${cap} ms: from where to where do their next pauses spread?`,
  alone: true,
  needs: ["retry"],
  async ask(library) {
    const call = await library.retry({ retries: 7, base: 20, max: cap });
    const pauses = await Promise.all(
      Array.from({ length: callers }, async () => {
        const times: number[] = [];
        await ending(
          call(async () => {
            times.push(performance.now());
            throw new Error("busy");
          }),
        );
        return times.at(-1)! - times.at(-2)!;
      }),
    );
    pauses.sort((one, other) => one - other);
    // A tenth at either end does not count, for a busy machine adds jitter.
    const least = pauses[callers / 10]!;
    const most = pauses[callers - 1 - callers / 10]!;
    return seen(`${Math.round(least)} to ${Math.round(most)} ms`, most - least > cap / 3);
  },
  documented: { Effect: "`jittered` is from 80 to 120 % by its documentation, after the cap." },
  notes: {
    "p-retry": "`randomize` makes a pause longer, by 1 to 2, before the cap cuts it.",
    mollitia: "`jitterAdjustment` at its default of 0.1.",
  },
};

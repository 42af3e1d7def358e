import { type Fault, seen } from "../fault.ts";
import { ignore, sleep } from "../work.ts";

const limit = 10;
const interval = 500;

export const fault: Fault = {
  name: "worst-interval",
  title: `${limit} starts in ${interval} ms: how many were there in the worst ${interval} ms?`,
  alone: true,
  needs: ["rate"],
  async ask(library) {
    const call = await library.rate(limit, interval);
    const starts: number[] = [];
    const ask = (count: number): void => {
      for (let index = 0; index < count; index++) {
        ignore(
          call(async () => {
            starts.push(performance.now());
          }),
        );
      }
    };
    // One start opens a window, the others come at its end, and as many again after it.
    ask(1);
    await sleep(interval - 60);
    ask(limit - 1);
    await sleep(80);
    ask(limit);
    await sleep(interval / 2);
    // A timer may fire slightly early.
    const within = (begin: number): number =>
      starts.filter((start) => start >= begin && start < begin + interval - 5).length;
    const worst = Math.max(...starts.map(within));
    return seen(`${worst} starts`, worst <= limit);
  },
  documented: {
    "p-queue": "By its documentation; `strict: true` is exact.",
    bottleneck: "By its documentation a reservoir is refilled at fixed times.",
  },
};

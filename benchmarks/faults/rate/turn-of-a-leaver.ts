import { type Fault, seen } from "../fault.ts";
import { ignore, inMs, sleep } from "../work.ts";

const interval = 300;

export const fault: Fault = {
  name: "turn-of-a-leaver",
  title: `One start in ${interval} ms, two wait, the first of them gives up: when is the other served?`,
  alone: true,
  needs: ["rate", "signals"],
  async ask(library) {
    const call = await library.rate(1, interval);
    const began = performance.now();
    let served = Number.NaN;
    const leaving = new AbortController();
    ignore(call(async () => undefined));
    ignore(call(async () => undefined, leaving.signal));
    ignore(
      call(async () => {
        served = performance.now() - began;
      }),
    );
    await sleep(50);
    leaving.abort();
    await sleep(interval * 3);
    return seen(Number.isNaN(served) ? "never" : `after ${inMs(served)}`, served < interval * 1.5);
  },
};

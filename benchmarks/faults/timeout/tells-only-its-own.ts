import { type Fault, notOffered, seen } from "../fault.ts";
import { ignore, sleep } from "../work.ts";

export const fault: Fault = {
  name: "tells-only-its-own",
  title: "One of two calls runs out of time: is the other left alone?",
  needs: ["timeout"],
  async ask(library) {
    const call = await library.timeout(60);
    const given: { signal?: AbortSignal | undefined } = {};
    ignore(call(() => sleep(300)));
    await sleep(40);
    const other = call(async ({ signal }) => {
      given.signal = signal;
      await sleep(50);
    });
    ignore(other);
    await sleep(40);
    if (given.signal === undefined) return notOffered;
    const aborted = given.signal.aborted;
    return seen(aborted ? "its signal is aborted too" : "yes", !aborted);
  },
  documented: { opossum: "One `AbortController` for a whole breaker, by its documentation." },
};

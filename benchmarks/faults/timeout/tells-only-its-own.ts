import { type Fault, notOffered, seen } from "../fault.ts";
import { ending, ignore, sleep } from "../work.ts";

export const fault: Fault = {
  name: "tells-only-its-own",
  title: "One of two calls times out: is the other unaffected?",
  needs: ["timeout"],
  async ask(library) {
    const call = await library.timeout(200);
    const given: { signal?: AbortSignal | undefined } = {};
    const first = call(() => sleep(400));
    ignore(first);
    await sleep(100);
    ignore(
      call(async ({ signal }) => {
        given.signal = signal;
        await sleep(180);
      }),
    );
    // Checked when the first is notified, and not after a fixed time, when a busy machine may have timed out both.
    await ending(first);
    if (given.signal === undefined) return notOffered;
    const aborted = given.signal.aborted;
    return seen(aborted ? "its signal is aborted too" : "yes", !aborted);
  },
  documented: { opossum: "One `AbortController` for a whole breaker, by its documentation." },
};

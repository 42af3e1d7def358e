import { type Fault, seen } from "../fault.ts";
import { ignore, sleep } from "../work.ts";

export const fault: Fault = {
  name: "tells-the-work",
  title: "At the timeout: does the work's signal abort?",
  needs: ["timeout"],
  async ask(library) {
    const call = await library.timeout(30);
    const given: { signal?: AbortSignal | undefined } = {};
    ignore(
      call(async ({ signal }) => {
        given.signal = signal;
        await sleep(120);
      }),
    );
    await sleep(80);
    if (given.signal === undefined) return seen("no signal", false);
    return seen(given.signal.aborted ? "yes" : "its signal is not aborted", given.signal.aborted);
  },
  documented: {
    "p-timeout":
      "It is given a promise and not the work; by its documentation, it calls `cancel` on promises that have one.",
  },
};

import { type Fault, seen } from "../fault.ts";
import { ending, inMs, nameOf, sleep } from "../work.ts";

export const fault: Fault = {
  name: "aborted-in-a-pause",
  title:
    "The caller aborts in a pause of up to 500 ms: when does the call reject, with what, and is the work called again?",
  needs: ["retry", "signals"],
  async ask(library) {
    // The longest of a few pauses, for the library's jitter.
    const each = async () => {
      const call = await library.retry({ retries: 3, base: 500, max: 500 });
      const leaving = new AbortController();
      const reason = new Error("gone");
      let calls = 0;
      const answer = call(async () => {
        calls++;
        throw new Error("busy");
      }, leaving.signal);
      answer.catch(() => {});
      await sleep(20);
      const before = calls;
      leaving.abort(reason);
      const end = await ending(answer, 1_500);
      return { end, again: calls - before, reason };
    };
    const all = await Promise.all(Array.from({ length: 10 }, each));
    const { end, reason } = all.reduce((longest, one) => (one.end.ms > longest.end.ms ? one : longest));
    const again = Math.max(...all.map((one) => one.again));
    const told = end.status === "rejected" ? (end.reason === reason ? "the reason" : nameOf(end.reason)) : end.status;
    const when = end.ms < 50 ? "at once" : `after ${inMs(end.ms)}`;
    return seen(`${when}, ${told}${again > 0 ? ", called again" : ""}`, end.ms < 50 && again === 0);
  },
};

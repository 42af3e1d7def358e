import { type Fault, seen } from "../fault.ts";
import { ending, inMs, sleep } from "../work.ts";

export const fault: Fault = {
  name: "one-gives-up",
  title:
    "Two callers share an answer of 300 ms, and the first aborts after 50: when does its call reject, and is the other answered?",
  alone: true,
  needs: ["cachedForLeavers"],
  async ask(library) {
    const call = await library.cachedForLeavers({ ttl: 0, max: 100 });
    const leaving = new AbortController();
    // Work that honours its signal, as fetch does.
    const work = ({ signal }: { readonly signal?: AbortSignal | undefined }): Promise<string> =>
      new Promise((resolve, reject) => {
        setTimeout(() => resolve("price"), 300);
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const one = ending(call("price", work, leaving.signal));
    const other = ending(call("price", work));
    await sleep(50);
    leaving.abort();
    const [left, stayed] = [await one, await other];
    const told = left.status === "rejected" && left.ms < 150;
    const answered = stayed.status === "fulfilled";
    return seen(`after ${inMs(left.ms)}; ${answered ? "answered" : "not answered"}`, told && answered);
  },
};

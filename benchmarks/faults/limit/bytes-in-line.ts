import { type Fault, figure } from "../fault.ts";
import { Site } from "../work.ts";

const count = 20_000;

export const fault: Fault = {
  name: "bytes-in-line",
  title: "How much memory does a waiting call take, its promise included?",
  needs: ["limit"],
  async ask(library) {
    const call = await library.limit(1);
    const first = new Site().held();
    const work = async (): Promise<undefined> => undefined;
    const answers: Promise<unknown>[] = [call(first.work)];
    await new Promise((resolve) => setTimeout(resolve, 10));
    const used = (): number => {
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    // A waiter for an unreferenced limit is garbage, and would not be counted, so the limit is referenced until the end of the process.
    setTimeout(() => {
      first.end();
      answers.length = 0;
    }, 60_000);
    const before = used();
    for (let index = 0; index < count; index++) answers.push(call(work));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const bytes = (used() - before) / count;
    return figure(`${(Math.round(bytes / 10) * 10).toLocaleString("en")} B`);
  },
};

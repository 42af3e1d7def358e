import { getEventListeners } from "node:events";
import { type Fault, seen } from "../fault.ts";
import type { Library } from "../library.ts";

const count = 5_000;

export const fault: Fault = {
  name: "left-on-a-signal",
  title: `${count.toLocaleString("en")} calls on one long-lived signal, all answered: what is left on it?`,
  needs: ["signals"],
  async ask(library: Library) {
    const call = await (library.timeout?.(5_000) ??
      library.limit?.(10) ??
      library.retry!({ retries: 1, base: 5, max: 5 }));
    const { signal } = new AbortController();
    const round = async (): Promise<number> => {
      for (let index = 0; index < count; index++) await call(async () => undefined, signal);
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    await round();
    const before = await round();
    const bytes = ((await round()) - before) / count;
    const listeners = getEventListeners(signal, "abort").length;
    if (listeners > 0) return seen(`${listeners.toLocaleString("en")} listeners`, false);
    return bytes > 50 ? seen(`${Math.round(bytes)} B a call`, false) : seen("nothing", true);
  },
};

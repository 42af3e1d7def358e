import { type Fault, seen } from "../fault.ts";
import type { Library } from "../library.ts";
import { ignore, Site, sleep } from "../work.ts";

const long = 60_000;
const ok = async (): Promise<string> => "ok";
const down = async (): Promise<never> => Promise.reject(new Error("down"));

/** Every feature of a library, used once and finished. */
const uses: Readonly<Record<string, (library: Library) => Promise<void>>> = {
  async timeout({ timeout }) {
    const call = await timeout?.(long);
    ignore(call?.(ok) ?? ok());
    ignore(call?.(down) ?? ok());
  },
  async "limit, then left"({ limit, signals }) {
    const call = await limit?.(1);
    if (call === undefined) return;
    const first = new Site().held();
    const leaving = new AbortController();
    ignore(call(first.work));
    if (signals) ignore(call(ok, leaving.signal));
    ignore(call(ok));
    await sleep(5);
    leaving.abort();
    first.end();
  },
  async "full limit"({ refusing }) {
    const call = await refusing?.(1);
    if (call === undefined) return;
    ignore(call(ok));
    ignore(call(ok));
  },
  async "pause of a retry, aborted"({ retry, signals }) {
    if (!signals) return;
    const leaving = new AbortController();
    const call = await retry?.({ retries: 1, base: long, max: long });
    ignore(call?.(down, leaving.signal) ?? ok());
    await sleep(10);
    leaving.abort();
  },
  async rate({ rate }) {
    const call = await rate?.(10, long);
    ignore(call?.(ok) ?? ok());
  },
  async "open breaker"({ breaker }) {
    const call = await breaker?.({ failures: 1, reset: long });
    for (let index = 0; index < 3; index++) {
      ignore(call?.(down) ?? ok());
      await sleep(5);
    }
  },
};

export const fault: Fault = {
  name: "timers-left",
  title: "All calls are answered, refused or aborted: what still keeps the process alive?",
  needs: [],
  async ask(library: Library) {
    const active = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const left: string[] = [];
    for (const [name, use] of Object.entries(uses)) {
      const before = active();
      await use(library);
      await sleep(60);
      if (active() > before) left.push(name);
    }
    return seen(left.length === 0 ? "nothing" : `a timer: ${left.join("; ")}`, left.length === 0);
  },
};

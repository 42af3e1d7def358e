import { type Fault, intended, seen } from "../fault.ts";
import { ending, ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "never-settles",
  title: "Timeout inside a limit of 1, work that ignores its signal and never settles: is the next call served?",
  needs: ["timeoutInLimit"],
  async ask(library) {
    const call = await library.timeoutInLimit(50, 1);
    const site = new Site();
    ignore(call(() => new Promise<never>(() => {})));
    await sleep(80);
    const next = await ending(call(site.deaf(5)), 500);
    if (next.status === "fulfilled") return intended("yes, beside it");
    if (library.name === "Sluice" && next.status === "pending") return intended("no: the slot is kept");
    return seen(next.status, false);
  },
  documented: {
    Sluice:
      "The cost of never having 2 running: work that ignores its signal can hold all slots of a limit. `timeout.abandoned` and `limit.oldest` show it; `limit.max` can be raised; `timeout({ total })` outside bounds what those in line wait.",
  },
};

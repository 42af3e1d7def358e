import { type Fault, seen } from "../fault.ts";
import { ending, ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "counters",
  title: "One call runs, two wait, one of these aborts (or, without signals, none): what do the counters say?",
  needs: ["counted"],
  async ask(library) {
    const { call, active, waiting } = await library.counted(1);
    const site = new Site();
    const first = site.held();
    const leaving = new AbortController();
    const running = call(first.work);
    const waits = call(site.deaf(1));
    const leaver = call(site.deaf(1), leaving.signal);
    ignore(leaver);
    await sleep(5);
    leaving.abort();
    await sleep(5);
    const during = `${active()} runs, ${waiting()} wait`;
    const wanted = `1 runs, ${library.signals ? 1 : 2} wait`;
    first.end();
    await Promise.all([ending(running), ending(waits), ending(leaver)]);
    await sleep(5);
    const after = active() + waiting();
    return seen(`${during}${after === 0 ? "" : `; ${after} left at the end`}`, during === wanted && after === 0);
  },
};

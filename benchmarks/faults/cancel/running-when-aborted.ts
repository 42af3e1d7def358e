import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "running-when-aborted",
  title: "A limit of 1, the caller of running work aborts, the work goes on: how many run?",
  needs: ["limit", "signals"],
  async ask(library) {
    const call = await library.limit(1);
    const site = new Site();
    const leaving = new AbortController();
    ignore(call(site.deaf(150), leaving.signal));
    ignore(call(site.deaf(150)));
    await sleep(10);
    leaving.abort();
    await sleep(400);
    return seen(`${site.most} running`, site.most === 1);
  },
};

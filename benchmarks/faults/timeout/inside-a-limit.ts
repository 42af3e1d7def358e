import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

const own = "Its own timeout: it starts with the work, and there is no other nesting.";

export const fault: Fault = {
  name: "inside-a-limit",
  title: "Timeout inside a limit of 1, the work goes on: how many run?",
  needs: ["timeoutInLimit"],
  async ask(library) {
    const call = await library.timeoutInLimit(50, 1);
    const site = new Site();
    ignore(call(site.deaf(200)));
    ignore(call(site.deaf(200)));
    await sleep(90);
    ignore(call(site.deaf(200)));
    await sleep(500);
    return seen(`${site.most} running`, site.most === 1);
  },
  notes: {
    opossum: own,
    "p-queue": `${own} Its documentation says that the work goes on unless it honours its signal, not that others run beside it.`,
    bottleneck: own,
  },
};

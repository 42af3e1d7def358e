import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "urgent-first",
  title: "Priorities: is the urgent call that came last served first?",
  needs: ["prioritized"],
  async ask(library) {
    const limit = await library.prioritized(1);
    const site = new Site();
    const first = site.held("first");
    ignore(limit.call(first.work, false));
    await sleep(50);
    ignore(limit.call(site.deaf(2, "low"), false));
    ignore(limit.call(site.deaf(2, "urgent"), true));
    await sleep(50);
    first.end();
    await sleep(150);
    const order = site.begun.slice(1).join(", ");
    return seen(order, order === "urgent, low");
  },
};

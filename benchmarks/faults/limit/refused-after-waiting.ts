import { type Fault, seen } from "../fault.ts";
import { ending, ignore, nameOf, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "refused-after-waiting",
  title: "A line of one, others call just as the slot becomes free: is the waiting caller served?",
  needs: ["bounded"],
  async ask(library) {
    const call = await library.bounded(1, 1);
    const site = new Site();
    const first = site.held("first");
    ignore(call(first.work));
    const queued = ending(call(site.deaf(5, "queued")));
    await sleep(10);
    first.end();
    for (let microtask = 0; microtask < 20; microtask++) {
      ignore(call(site.deaf(5, `late ${microtask}`)));
      await Promise.resolve();
    }
    const end = await queued;
    if (end.status === "rejected") {
      return seen(`refused (${nameOf(end.reason)}), ${site.begun.length - 1} later ones ran`, false);
    }
    return site.begun[1] === "queued" ? seen("served next", true) : seen("overtaken", false);
  },
};

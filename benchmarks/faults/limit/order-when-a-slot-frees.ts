import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

/** A newcomer calls in each microtask in which a slot is passed on. */
export const fault: Fault = {
  name: "order-when-a-slot-frees",
  title: "Others call just as a slot becomes free: is the waiting caller served first?",
  needs: ["limit"],
  async ask(library) {
    const call = await library.limit(1);
    const site = new Site();
    const first = site.held("first");
    ignore(call(first.work));
    ignore(call(site.deaf(10, "queued")));
    await sleep(10);
    first.end();
    for (let microtask = 0; microtask < 20; microtask++) {
      ignore(call(site.deaf(10, `late ${microtask}`)));
      await Promise.resolve();
    }
    await sleep(60);
    const place = site.begun.indexOf("queued");
    return place === 1 ? seen("goes first", true) : seen(`overtaken by ${Math.max(place - 1, 1)}`, false);
  },
};

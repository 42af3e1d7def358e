import { type Fault, seen } from "../fault.ts";
import { ending, nameOf, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "evicted-in-flight",
  title:
    "There is room for 2 answers, and 5 others are requested while the first is in flight: is its caller answered?",
  needs: ["cached"],
  async ask(library) {
    const site = new Site();
    const call = await library.cached({ ttl: 60_000, max: 2 });
    const first = ending(call("first", site.deaf(100, "first")));
    for (let other = 0; other < 5; other++) {
      await ending(call(`${other}`, async () => other));
      await sleep(1);
    }
    const end = await first;
    if (end.status === "rejected") return seen(`no: ${nameOf(end.reason)}`, false);
    if (end.status === "pending") return seen("no: it hangs", false);
    return seen(end.value === "first" ? "yes" : `with ${String(end.value)}`, end.value === "first");
  },
};

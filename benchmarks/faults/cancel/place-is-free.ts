import { type Fault, seen } from "../fault.ts";
import { ending, ignore, nameOf, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "place-is-free",
  title: "A line of one, the waiting caller aborts: is its place free?",
  needs: ["bounded", "signals"],
  async ask(library) {
    const call = await library.bounded(1, 1);
    const site = new Site();
    const first = site.held("first");
    ignore(call(first.work));
    const leaving = new AbortController();
    ignore(call(site.deaf(1, "leaver"), leaving.signal));
    await sleep(5);
    leaving.abort();
    await sleep(5);
    const next = ending(call(site.deaf(1, "next")));
    await sleep(5);
    first.end();
    const end = await next;
    return end.status === "fulfilled"
      ? seen("yes", true)
      : seen(`the next is refused${end.status === "rejected" ? ` (${nameOf(end.reason)})` : ""}`, false);
  },
};

import { type Fault, seen } from "../fault.ts";
import { ending, ignore, inMs, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "leaves-the-line",
  title: "A caller in line aborts, the call ahead has 300 ms to go: when does its call reject?",
  needs: ["limit", "signals"],
  async ask(library) {
    const call = await library.limit(1);
    const site = new Site();
    ignore(call(site.deaf(300, "first")));
    const leaving = new AbortController();
    const leaver = call(site.deaf(1, "leaver"), leaving.signal);
    ignore(leaver);
    await sleep(5);
    leaving.abort();
    const end = await ending(leaver, 1_000);
    if (site.begun.includes("leaver")) return seen("it was started", false);
    return end.ms < 100 && end.status === "rejected"
      ? seen("at once", true)
      : seen(`pending for ${inMs(end.ms)}`, false);
  },
};

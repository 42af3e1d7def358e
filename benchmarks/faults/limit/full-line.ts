import { type Fault, seen } from "../fault.ts";
import { ending, ignore, inMs, nameOf, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "full-line",
  title: "No room and no line: is the call refused immediately, and does the error name what refused it?",
  needs: ["refusing"],
  async ask(library) {
    const call = await library.refusing(1);
    const site = new Site();
    const first = site.held();
    ignore(call(first.work));
    await sleep(10);
    const refused = await ending(call(site.deaf(10)), 300);
    first.end();
    if (refused.status !== "rejected") return seen(`${refused.status} after ${inMs(refused.ms)}`, false);
    const { layer } = refused.reason as { readonly layer?: unknown };
    const by = typeof layer === "string" ? ` by ${layer}` : "";
    return seen(`at once, ${nameOf(refused.reason)}${by}`, refused.ms < 50);
  },
};

import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "order-after-leaving",
  title: "Two of five in line abort: are the others served, in order?",
  needs: ["limit", "signals"],
  async ask(library) {
    const call = await library.limit(1);
    const site = new Site();
    const first = site.held("0");
    ignore(call(first.work));
    const controllers = Array.from({ length: 5 }, () => new AbortController());
    for (const [index, { signal }] of controllers.entries()) ignore(call(site.deaf(2, `${index + 1}`), signal));
    await sleep(5);
    controllers[0]?.abort();
    controllers[2]?.abort();
    await sleep(5);
    first.end();
    await sleep(60);
    const order = site.begun.slice(1).join(", ");
    return seen(order === "2, 4, 5" ? "in order" : `served: ${order === "" ? "none" : order}`, order === "2, 4, 5");
  },
};

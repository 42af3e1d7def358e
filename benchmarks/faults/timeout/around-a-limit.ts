import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "around-a-limit",
  title: "Timeout around a limit of 1, the work goes on: how many run?",
  needs: ["timeoutAroundLimit"],
  async ask(library) {
    const call = await library.timeoutAroundLimit(50, 1);
    const site = new Site();
    ignore(call(site.deaf(200)));
    await sleep(90);
    ignore(call(site.deaf(200)));
    await sleep(30);
    ignore(call(site.deaf(200)));
    await sleep(400);
    return seen(`${site.most} running`, site.most === 1);
  },
};

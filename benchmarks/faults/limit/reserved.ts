import { type Fault, seen } from "../fault.ts";
import { ending, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "reserved",
  title: "Capacity is reserved and released unused: does it count meanwhile, and is it free again?",
  needs: ["reserving"],
  async ask(library) {
    const { call, reserve } = await library.reserving(1);
    const site = new Site();
    const giveBack = reserve();
    const waits = ending(call(site.deaf(5)));
    await sleep(10);
    const early = site.begun.length;
    giveBack?.();
    const { status } = await waits;
    return seen(early === 0 && status === "fulfilled" ? "yes" : "no", early === 0 && status === "fulfilled");
  },
};

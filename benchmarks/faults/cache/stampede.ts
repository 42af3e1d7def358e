import { type Fault, seen } from "../fault.ts";
import { ending, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "stampede",
  title:
    "100 callers ask for one key at the same time, and 100 again when the answer has expired: how often does the work run?",
  needs: ["cached"],
  async ask(library) {
    const site = new Site();
    const call = await library.cached({ ttl: 1_000, max: 100 });
    const rush = async (): Promise<number> => {
      const before = site.begun.length;
      await Promise.all(Array.from({ length: 100 }, () => ending(call("price", site.deaf(30)))));
      return site.begun.length - before;
    };
    const first = await rush();
    // Some libraries count in whole seconds.
    await sleep(2_100);
    const second = await rush();
    return seen(`${first} and ${second}`, first === 1 && second === 1);
  },
};

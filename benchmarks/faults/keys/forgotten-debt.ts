import { type Fault, seen } from "../fault.ts";
import { ending } from "../work.ts";

export const fault: Fault = {
  name: "forgotten-debt",
  title: "A client uses its 2 starts a minute, and 20,000 new clients come: does it get another start?",
  needs: ["keyedRate"],
  async ask(library) {
    const rate = await library.keyedRate(2, 60_000);
    for (let start = 0; start < 2; start++) await ending(rate("greedy"));
    for (let stranger = 0; stranger < 20_000; stranger++) await rate(`${stranger}`).catch(() => {});
    const { status } = await ending(rate("greedy"));
    return seen(status === "rejected" ? "no" : "yes", status === "rejected");
  },
};

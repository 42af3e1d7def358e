import { type Fault, seen } from "../fault.ts";
import { ending, sleep } from "../work.ts";

export const fault: Fault = {
  name: "second-fails",
  title: "The second attempt fails while the first is on its way to an answer: is the caller answered?",
  needs: ["hedged"],
  async ask(library) {
    const call = await library.hedged(20);
    let attempts = 0;
    const end = await ending(
      call(async () => {
        if (attempts++ > 0) throw new Error("down");
        await sleep(100);
        return "first";
      }),
    );
    return seen(end.status === "fulfilled" ? "yes" : "no", end.status === "fulfilled");
  },
};

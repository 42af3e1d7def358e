import { type Fault, seen } from "../fault.ts";
import { ending, sleep } from "../work.ts";

export const fault: Fault = {
  name: "lost-and-failed",
  title: "The second attempt wins, the first fails 50 ms later: is the answer kept, and nothing unhandled?",
  needs: ["hedged"],
  async ask(library) {
    const call = await library.hedged(20);
    let stray = 0;
    let attempts = 0;
    const note = (): void => void stray++;
    process.on("unhandledRejection", note);
    const end = await ending(
      call(async () => {
        if (attempts++ > 0) return "second";
        await sleep(100);
        throw new Error("late");
      }),
    );
    await sleep(150);
    process.off("unhandledRejection", note);
    const answered = end.status === "fulfilled" && end.value === "second";
    return seen(`${answered ? "answered" : "not answered"}, ${stray} unhandled`, answered && stray === 0);
  },
};

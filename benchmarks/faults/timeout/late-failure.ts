import { type Fault, seen } from "../fault.ts";
import { ending, sleep } from "../work.ts";

export const fault: Fault = {
  name: "late-failure",
  title: "Abandoned work fails later: is that an unhandled rejection?",
  needs: ["timeout"],
  async ask(library) {
    const stray: unknown[] = [];
    const note = (reason: unknown): void => void stray.push(reason);
    process.on("unhandledRejection", note);
    const call = await library.timeout(30);
    await ending(
      call(async () => {
        await sleep(60);
        throw new Error("too late");
      }),
    );
    await sleep(80);
    process.off("unhandledRejection", note);
    return seen(stray.length === 0 ? "no" : "yes", stray.length === 0);
  },
};

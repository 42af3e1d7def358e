import { type Fault, notOffered, seen } from "../fault.ts";
import { type Library, simplest } from "../library.ts";
import { ending, sleep } from "../work.ts";

export const fault: Fault = {
  name: "ignored-failure",
  title: "A failure that is handled, and one that is ignored: how many unhandled rejections?",
  needs: [],
  async ask(library: Library) {
    const call = await simplest(library);
    if (call === undefined) return notOffered;
    const failing = async (): Promise<never> => Promise.reject(new Error("down"));
    let stray = 0;
    const note = (): void => void stray++;
    process.on("unhandledRejection", note);
    await ending(call(failing));
    await sleep(20);
    const handled = stray;
    void call(failing);
    await sleep(20);
    process.off("unhandledRejection", note);
    return seen(`${handled} and ${stray - handled}`, handled === 0 && stray === 1);
  },
};

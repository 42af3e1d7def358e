import { type Fault, seen } from "../fault.ts";
import { ending, nameOf } from "../work.ts";

export const fault: Fault = {
  name: "no-error",
  title: "Work rejects with a value that is not an `Error`: what does the call reject with, and is it retried?",
  needs: ["retry"],
  async ask(library) {
    const call = await library.retry({ retries: 1, base: 5, max: 5 });
    let calls = 0;
    const end = await ending(
      call(() => {
        calls++;
        return Promise.reject("busy");
      }),
    );
    const told = end.status === "rejected" ? end.reason : end.status;
    return seen(`${nameOf(told)}, ${calls === 1 ? "not tried again" : "tried again"}`, told === "busy" && calls === 2);
  },
  documented: { "p-retry": "By intent: its documentation asks for errors." },
};

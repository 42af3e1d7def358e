import { type Fault, seen } from "../fault.ts";
import { ending, nameOf } from "../work.ts";

export const fault: Fault = {
  name: "no-error",
  title: "Work that is rejected with something that is no `Error`: what is the caller told, and is it tried again?",
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

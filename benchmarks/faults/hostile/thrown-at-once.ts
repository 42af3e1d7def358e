import { type Fault, notOffered, seen } from "../fault.ts";
import { type Library, simplest } from "../library.ts";
import { ending, nameOf, Site, sleep } from "../work.ts";

/** The library's result, and whether there is still a slot, where it has slots. */
export const fault: Fault = {
  name: "thrown-at-once",
  title: "Work that throws instead of rejecting: where does the error go, and is the slot released?",
  needs: [],
  async ask(library: Library) {
    const call = await simplest(library);
    if (call === undefined) return notOffered;
    const error = new Error("careless");
    let where = "";
    try {
      const end = await ending(
        call(() => {
          throw error;
        }),
        300,
      );
      if (end.status === "rejected" && end.reason === error) where = "rejected";
      else where = end.status === "rejected" ? nameOf(end.reason) : end.status;
    } catch {
      where = "thrown at the caller";
    }
    await sleep(5);
    const next = await ending(call(new Site().deaf(1)), 300);
    const back = next.status === "fulfilled";
    return seen(`${where}${back ? "" : ", slot lost"}`, where === "rejected" && back);
  },
  documented: { "p-timeout": "The caller calls the work, and gets its error." },
};

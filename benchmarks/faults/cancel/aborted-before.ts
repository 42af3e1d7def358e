import { type Fault, notOffered, seen } from "../fault.ts";
import { type Library, simplest } from "../library.ts";
import { ending, Site } from "../work.ts";

export const fault: Fault = {
  name: "aborted-before",
  title: "The signal is aborted before the call: does the work begin?",
  needs: ["signals"],
  async ask(library: Library) {
    const call = await simplest(library);
    if (call === undefined) return notOffered;
    const site = new Site();
    const end = await ending(call(site.deaf(5), AbortSignal.abort(new Error("gone"))));
    const begun = site.begun.length;
    return seen(begun === 0 ? `no, ${end.status}` : "it is", begun === 0 && end.status === "rejected");
  },
  documented: { "p-timeout": "It takes a promise: its user has already called the work." },
};

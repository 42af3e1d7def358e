import { AsyncLocalStorage } from "node:async_hooks";
import { type Fault, seen } from "../fault.ts";
import { ending, ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "context-after-waiting",
  title: "Work that waited: in whose async context does it run?",
  needs: ["limit"],
  async ask(library) {
    const call = await library.limit(1);
    const storage = new AsyncLocalStorage<string>();
    const site = new Site();
    const first = site.held();
    storage.run("another", () => {
      ignore(call(first.work));
    });
    const answers = ["a", "b"].map((caller) =>
      storage.run(caller, () => ending(call(async () => `${caller} in ${storage.getStore() ?? "none"}`))),
    );
    await sleep(5);
    first.end();
    const contexts = (await Promise.all(answers)).map((end) => (end.status === "fulfilled" ? end.value : end.status));
    const kept = contexts.join() === "a in a,b in b";
    const none = contexts.some((context) => String(context).endsWith("none"));
    return seen(kept ? "its caller's" : none ? "none" : "another caller's", kept);
  },
};

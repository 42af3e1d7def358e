import { type Fault, seen } from "../fault.ts";
import { ending, sleep } from "../work.ts";

export const fault: Fault = {
  name: "failure-kept",
  title: "The work fails once: does the next caller get an answer, or the same failure?",
  needs: ["cached"],
  async ask(library) {
    const call = await library.cached({ ttl: 60_000, max: 100 });
    await ending(call("price", async () => Promise.reject(new Error("down"))));
    await sleep(5);
    const { status } = await ending(call("price", async () => "12.50"));
    return seen(status === "fulfilled" ? "answered" : "the same failure", status === "fulfilled");
  },
};

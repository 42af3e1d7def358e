import { AsyncLocalStorage } from "node:async_hooks";
import { type Fault, seen } from "../fault.ts";
import { ending } from "../work.ts";

export const fault: Fault = {
  name: "context-after-a-pause",
  title: "The attempt after a pause: in whose async context does it run?",
  needs: ["retry"],
  async ask(library) {
    const call = await library.retry({ retries: 2, base: 10, max: 10 });
    const storage = new AsyncLocalStorage<string>();
    const contexts = await Promise.all(
      ["a", "b"].map((caller) =>
        storage.run(caller, async () => {
          const inside: unknown[] = [];
          await ending(
            call(async () => {
              inside.push(storage.getStore());
              throw new Error("busy");
            }),
          );
          return inside.length > 1 && inside.every((context) => context === caller);
        }),
      ),
    );
    const kept = contexts.every(Boolean);
    return seen(kept ? "its caller's" : "another", kept);
  },
};

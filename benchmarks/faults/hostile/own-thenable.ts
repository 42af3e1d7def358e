import { type Fault, notOffered, seen } from "../fault.ts";
import { type Library, simplest } from "../library.ts";
import { ending, nameOf, sleep } from "../work.ts";

/** An answer like a query builder's: of a promise it has only `then`, which returns a promise. */
function thenable(ms: number): Promise<string> {
  const rows = sleep(ms).then(() => "rows");
  const answer = {
    // oxlint-disable-next-line unicorn/no-thenable -- that is the question
    then: rows.then.bind(rows),
  };
  return answer as unknown as Promise<string>;
}

export const fault: Fault = {
  name: "own-thenable",
  title: "Work that returns a bare thenable, as query builders do: does the call wait for it?",
  needs: [],
  async ask(library: Library) {
    const call = await simplest(library);
    if (call === undefined) return notOffered;
    try {
      const end = await ending(
        call(() => thenable(20)),
        500,
      );
      if (end.status === "fulfilled")
        return seen(end.value === "rows" ? "yes" : "answered too early", end.value === "rows");
      return seen(end.status === "rejected" ? nameOf(end.reason) : "never answered", false);
    } catch (error) {
      return seen(`thrown at the caller: ${nameOf(error)}`, false);
    }
  },
};

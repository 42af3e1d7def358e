import { type Cell, type Fault, seen } from "../fault.ts";
import type { Call, Library } from "../library.ts";
import { ending, ignore, nameOf, Site, sleep } from "../work.ts";

/** In line, in a pause, or under a timeout: the first that the library offers. */
async function abort(library: Library): Promise<{ readonly reason: Error; readonly told: unknown }> {
  const site = new Site();
  const reason = new Error("the user went away");
  const leaving = new AbortController();
  const failing = async (): Promise<never> => Promise.reject(new Error("busy"));
  const first = site.held();
  let told: Promise<unknown>;
  if (library.limit !== undefined) {
    const call: Call = await library.limit(1);
    ignore(call(first.work));
    told = call(site.deaf(1), leaving.signal);
  } else if (library.retry !== undefined) {
    told = (await library.retry({ retries: 1, base: 300, max: 300 }))(failing, leaving.signal);
  } else {
    told = (await library.timeout!(500))(site.deaf(200), leaving.signal);
  }
  ignore(told);
  await sleep(5);
  leaving.abort(reason);
  await sleep(5);
  first.end();
  const end = await ending(told);
  return { reason, told: end.status === "rejected" ? end.reason : end.status };
}

function cellOf({ reason, told }: Awaited<ReturnType<typeof abort>>): Cell {
  if (told === reason) return seen("the reason itself", true);
  if (told instanceof Error && told.cause === reason) return seen(`${nameOf(told)}, the reason as its cause`, true);
  return seen(`${nameOf(told)}, without it`, false);
}

export const fault: Fault = {
  name: "reason",
  title: "`abort(reason)` while the call waits: what does the call reject with?",
  needs: ["signals"],
  ask: async (library) => cellOf(await abort(library)),
};

import { isRoute } from "../routes.ts";
import type { Conditions } from "./conditions.ts";
import type { Live } from "./live.ts";
import { most } from "./load-levels.ts";

const ofRoute = "?factor=<times> (above 0, at most 100), ?freeze=<ms> (above 0, at most 60000), ?kill or ?restart";
const usage = {
  route: `POST /<route>${ofRoute}`,
  load: `POST /load?times=<0 to ${most}>`,
  anew: "POST /anew",
} as const;

export interface Done {
  readonly status: number;
  readonly text: string;
}

/** Does what a button of the live page asks for, or curl: `what` is the path, without its slash. */
export async function control(live: Live, conditions: Conditions, what: string, asked: URLSearchParams): Promise<Done> {
  const number = (name: string): number => Number(asked.get(name) ?? Number.NaN);
  const [factor, freeze, times] = [number("factor"), number("freeze"), number("times")];
  if (what === "load") {
    if (!(times >= 0 && times <= most)) return { status: 400, text: usage.load };
    live.offer(times);
    return { status: 200, text: `${times} times what the backends can do, while somebody watches` };
  }
  if (what === "anew") {
    await live.startAnew();
    return { status: 200, text: "started anew" };
  }
  if (!isRoute(what)) return { status: 404, text: Object.values(usage).join("\n") };
  if (asked.has("restart")) {
    await conditions.restart(what);
    return { status: 200, text: "started anew" };
  }
  if (asked.has("kill")) {
    await conditions.set(what, { kind: "killed" });
    return { status: 200, text: "killed" };
  }
  if (freeze > 0 && freeze <= 60_000) {
    await conditions.set(what, { kind: "silent", ms: freeze });
    return { status: 200, text: `silent for ${freeze} ms` };
  }
  if (factor > 0 && factor <= 100) {
    await conditions.set(what, factor === 1 ? { kind: "up" } : { kind: "slow", factor });
    return { status: 200, text: `${factor} times as long` };
  }
  return { status: 400, text: usage.route };
}

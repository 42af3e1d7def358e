import type { Condition, Frame, LiveRoute, SideFrame } from "../live/frame.ts";
import { count, duration, percent, short } from "./figures.ts";

/** What is going on: what was done, and what becomes of it with layers and without. */
export interface Words {
  readonly what: string;
  readonly so: string;
}

export function wordsOf(frame: Frame): Words {
  const { what, so } = storyOf(frame);
  if (!isBusy(frame)) return { what, so };
  return { what, so: `${so} This machine is busy: the load was held up for ${duration(frame.heldUp)}.` };
}

/** Whether the figures say more of the machine than of the gateways. */
export function isBusy({ heldUp }: Frame): boolean {
  return heldUp > mostHeldUp;
}

const mostHeldUp = 200;

function storyOf({ layered, plain, times, conditions }: Frame): Words {
  const routes = Object.keys(conditions) as LiveRoute[];
  const troubled = routes.filter((route) => conditions[route].kind !== "up");
  const others = routes.filter((route) => !troubled.includes(route));
  const load = `${short(times)} times what the backends can do is asked for.`;
  const both = `With layers, ${inTime(layered)}. Without, ${inTime(plain)}${stillWaiting(plain)}.`;

  if (layered.flow.offered < 1) return { what: times > 0 ? "The load begins …" : "There is no load.", so: "" };
  if (troubled.length > 0) {
    const what = troubled.map((route) => trouble(route, conditions[route])).join(" ");
    if (others.length === 0 || times > 1) return { what: times > 1 ? `${what} ${load}` : what, so: both };
    const [one, other] = [share(layered, others), share(plain, others)];
    const so = `Of what the other routes are asked, ${one} is answered in time with layers, ${other} without.`;
    return { what, so };
  }
  if (times > 1) {
    const refused = layered.flow.refused >= 1 ? ", and the rest is refused at once" : "";
    const so = `With layers, ${inTime(layered)}${refused}. Without, ${inTime(plain)}${stillWaiting(plain)}.`;
    return { what: load, so };
  }
  if (plain.flow.good < 0.9 * plain.flow.offered) {
    return { what: "The load is as usual, and without layers it is still busy with what came before.", so: both };
  }
  return {
    what: "A usual day: without layers it works as well as with them.",
    so: "Ask for more, or take a backend away.",
  };
}

function trouble(route: LiveRoute, condition: Condition): string {
  if (condition.kind === "slow") return `The backend of ${route} takes ${short(condition.factor)} times as long.`;
  return `The backend of ${route} is ${condition.kind === "killed" ? "gone" : condition.kind}.`;
}

function inTime({ flow }: SideFrame): string {
  return `${short(flow.good)} of ${short(flow.offered)} a second are answered in time`;
}

function stillWaiting({ waiting }: SideFrame): string {
  return waiting > 20 ? `, and ${count(waiting)} requests wait` : "";
}

function share({ routes }: SideFrame, of: readonly LiveRoute[]): string {
  const sum = (what: "good" | "offered"): number => of.reduce((all, route) => all + routes[route].flow[what], 0);
  return percent(sum("good"), sum("offered"));
}

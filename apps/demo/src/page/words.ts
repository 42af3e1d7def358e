import type { Condition, Frame, LiveRoute, SideFrame } from "../live/frame.ts";
import { count, percent, short } from "./figures.ts";

/** What is going on, in a sentence or two. */
export function wordsOf(frame: Frame): string {
  const { layered, plain, times, conditions } = frame;
  const troubled = (Object.keys(conditions) as LiveRoute[]).filter((route) => conditions[route].kind !== "up");
  if (layered.flow.offered < 1) return times > 0 ? "The load begins …" : "There is no load.";
  if (troubled.length > 0) {
    const what = troubled.map((route) => trouble(route, conditions[route])).join(", and ");
    const others = (Object.keys(conditions) as LiveRoute[]).filter((route) => !troubled.includes(route));
    if (others.length === 0) return `${what}. With layers ${inTime(layered)}; without, ${inTime(plain)}.`;
    return `${what}. Of what the other routes are asked, ${share(layered, others)} is answered in time with layers, ${share(plain, others)} without.`;
  }
  if (times > 1) {
    const left = plain.waiting > 20 ? `, while ${count(plain.waiting)} requests wait` : "";
    return `${short(times)} times what the backends can do is asked for. With layers ${inTime(layered)}, and the others are told so at once; without, ${inTime(plain)}${left}.`;
  }
  if (plain.waiting > 40 || (plain.flow.good < 0.8 * plain.flow.offered && plain.flow.offered > 0)) {
    return `The load is as usual. With layers ${inTime(layered)}; without, ${count(plain.waiting)} requests still wait, and most of their clients have left.`;
  }
  return `A usual day: ${percent(layered.flow.good, layered.flow.offered)} is answered in time with layers, ${percent(plain.flow.good, plain.flow.offered)} without. Try more load, or take a backend away.`;
}

function trouble(route: LiveRoute, condition: Condition): string {
  switch (condition.kind) {
    case "up":
      return `The backend of ${route} is up`;
    case "slow":
      return `The backend of ${route} takes ${short(condition.factor)} times as long`;
    case "silent":
      return `The backend of ${route} is silent`;
    case "killed":
      return `The backend of ${route} is gone`;
  }
}

function inTime({ flow }: SideFrame): string {
  return `${short(flow.good)} a second are answered in time`;
}

function share({ routes }: SideFrame, of: readonly LiveRoute[]): string {
  const sum = (what: "good" | "offered"): number => of.reduce((all, route) => all + routes[route].flow[what], 0);
  return percent(sum("good"), sum("offered"));
}

import type { Condition, Frame, LiveRoute, RouteFrame, SideFrame } from "../live/frame.ts";
import { greedyRoute, greedyTimes, priorityRoute } from "../plan.ts";
import { count, duration, percent, short } from "./figures.ts";
import { layersOf, limitOf } from "./layer-row.ts";

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

function storyOf(frame: Frame): Words {
  const { layered, plain, times, conditions, greedy, important } = frame;
  const routes = Object.keys(conditions) as LiveRoute[];
  const troubled = routes.filter((route) => conditions[route].kind !== "up");
  const others = routes.filter((route) => !troubled.includes(route));
  if (layered.flow.offered < 1) return { what: times > 0 ? "The load begins …" : "There is no load.", so: "" };

  const happens = [
    ...troubled.map((route) => trouble(route, conditions[route])),
    ...(greedy ? [`One client alone asks ${greedyRoute} for ${greedyTimes} times what its backend can do.`] : []),
    ...routes.flatMap((route) => limitIn(route, layered.routes[route])),
    ...(times > 1 ? [`${short(times)} times what the backends can do is asked for.`] : []),
  ];
  if (happens.length === 0) return quiet(layered, plain);
  const what = happens.join(" ");
  if (greedy) {
    const [one, other] = [layered, plain].map((side) => share(side, [greedyRoute]));
    return { what, so: `What the other clients ask there: ${one} in time with layers, ${other} without.` };
  }
  if (troubled.length > 0 && others.length > 0 && times <= 1) {
    const [one, other] = [share(layered, others), share(plain, others)];
    return { what, so: `What the other routes are asked: ${one} in time with layers, ${other} without.` };
  }
  if (important && times > 1) {
    const [one, other] = [layered, plain].map(({ routes: { [priorityRoute]: route } }) =>
      percent(route.important.good, route.important.ended),
    );
    return { what, so: `The important tenth of ${priorityRoute}: ${one} in time with layers, ${other} without.` };
  }
  return { what, so: bothOf(layered, plain) };
}

/** What becomes of all, and what is left to say where nothing is done to anything. */
function quiet(layered: SideFrame, plain: SideFrame): Words {
  if (plain.flow.good < 0.9 * plain.flow.offered) {
    const what = "The load is as usual, and without layers it is still busy with what came before.";
    return { what, so: bothOf(layered, plain) };
  }
  return {
    what: "A usual day: without layers it works as well as with them.",
    so: "Ask for more, let one client be greedy, or take a backend away.",
  };
}

function bothOf(layered: SideFrame, plain: SideFrame): string {
  const refused = layered.flow.refused >= 1 ? ", and the rest is refused at once" : "";
  return `With layers, ${inTime(layered)}${refused}. Without, ${short(plain.flow.good)} are${stillWaiting(plain)}.`;
}

/** A limit that was set to something else. */
function limitIn(route: LiveRoute, { described }: RouteFrame): readonly string[] {
  const layers = described === null ? [] : layersOf(described.root);
  return layers.flatMap((layer) => {
    const limit = limitOf(layer);
    return limit === undefined || limit.max === limit.made
      ? []
      : [`The limit of ${route} is ${count(limit.max)} instead of ${count(limit.made)}.`];
  });
}

function trouble(route: LiveRoute, condition: Condition): string {
  if (condition.kind === "slow") return `The backend of ${route} takes ${short(condition.factor)} times as long.`;
  return `The backend of ${route} is ${condition.kind === "killed" ? "gone" : condition.kind}.`;
}

function inTime({ flow }: SideFrame): string {
  return `${short(flow.good)} of ${short(flow.offered)} a second are in time`;
}

function stillWaiting({ waiting }: SideFrame): string {
  return waiting > 20 ? `, and ${count(waiting)} wait` : "";
}

function share({ routes }: SideFrame, of: readonly LiveRoute[]): string {
  const sum = (what: "good" | "offered"): number => of.reduce((all, route) => all + routes[route].flow[what], 0);
  return percent(sum("good"), sum("offered"));
}

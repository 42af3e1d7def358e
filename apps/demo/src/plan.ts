import { patience } from "./load/messages.ts";
import type { RouteName } from "./routes.ts";

export const phaseNames = ["calm", "spike", "after", "greedy", "slow", "dead", "recovery"] as const;

export type PhaseName = (typeof phaseNames)[number];

export interface Phase {
  readonly name: PhaseName;
  /** What happens, in a few words. */
  readonly title: string;
  readonly seconds: number;
  /** What each route is offered, as a share of its capacity. */
  readonly load: number;
}

/** How much more than the capacity the spike is. */
export const spikeTimes = 6;

/** How much of the capacity is asked for at all other times. */
const usual = 0.6;

/** Which route one client asks for so many times what its backend can do, beside the others, in the phase "greedy". */
export const greedyRoute = "report" satisfies RouteName;
export const greedyTimes = 4;

/** In which route important requests come first. */
export const priorityRoute = "quote" satisfies RouteName;

/** Whose limit finds out by itself how much its backend can do. */
export const adaptiveRoute = "hash" satisfies RouteName;
export const adaptiveInitial = 8;

/** Whose work takes longer in the phase "slow", and by how much. */
export const slowRoute: RouteName = "report";
export const slowFactor = 5;

/** Who falls silent in the phase "dead". */
export const deadRoute: RouteName = "fares";

export interface Plan {
  /** Before the calm: the programs get warm, and it is found out what is usual here. */
  readonly warmUpMs: number;
  /** Just before the spike. */
  readonly measureMs: number;
  readonly phases: readonly Phase[];
}

/** The plan of one run. `scale` makes it shorter. */
export function planOf(scale: number): Plan {
  const phase = (name: PhaseName, title: string, seconds: number, load = usual): Phase => ({
    name,
    title,
    seconds: seconds * scale,
    load,
  });
  return {
    warmUpMs: Math.max(800 * scale, 500),
    measureMs: Math.max(2000 * scale, 800),
    phases: [
      phase("calm", "a usual day", 2),
      phase("spike", `${spikeTimes} times the capacity is asked for, of every route`, 4.5, spikeTimes),
      phase("after", "as usual again", 2.5),
      phase("greedy", `one client asks ${greedyRoute} for ${greedyTimes} times the capacity`, 2),
      phase("slow", `the backend of ${slowRoute} takes ${slowFactor} times as long`, 4),
      phase("dead", `the backend of ${deadRoute} falls silent`, 4),
      phase("recovery", "that backend is started anew", 2),
    ],
  };
}

/**
 * Before these the gateway and the backends are started anew, in either run: what such a phase shows has its own cause,
 * and is not what the phase before it left behind.
 */
export const afresh: readonly PhaseName[] = ["greedy", "slow", "dead"];

/** How long the load rests before that, in ms: clients of the last requests may still wait; the message takes a moment, too. */
export const restMs = patience + 300;

/** About how long a run takes, in seconds. */
export function secondsOf({ warmUpMs, measureMs, phases }: Plan): number {
  const starting = (afresh.length + 1) * 0.6;
  const rests = ((afresh.length + 1) * restMs) / 1000;
  const measuring = (warmUpMs + measureMs) / 1000;
  return starting + measuring + rests + phases.reduce((sum, { seconds }) => sum + seconds, 0);
}

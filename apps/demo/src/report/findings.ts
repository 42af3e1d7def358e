import type { Share, Tally } from "../load/tally.ts";
import { sliceMs } from "../load/tally.ts";
import { adaptiveRoute, deadRoute, greedyRoute, type PhaseName, priorityRoute } from "../plan.ts";
import { type ByRoute, byRoute } from "../routes.ts";
import type { PhaseResult, RunResult, Seen } from "./run-result.ts";

/** What is to be shown, as figures: the words of the report say these and nothing else. */
export interface Findings {
  /** Goodput in the spike, as a share of the capacity measured just before it. */
  readonly spike: ByRoute<number>;
  /** While a dependency was slow: the share of what each route was asked that was answered well. */
  readonly slow: ByRoute<number>;
  /** While a dependency was dead: the same. */
  readonly dead: ByRoute<number>;
  /** How those ended who asked the dead one itself, and what the circuit in front of it did. */
  readonly beforeTheDead: Pick<Tally, "offered" | "good" | "estimated" | "timedOut"> &
    Pick<Seen, "circuitOpened" | "circuitRefused">;
  /** In the spike: of the important requests to the route that has priorities, the share that was answered well, and of all others. */
  readonly important: number;
  readonly unimportant: number;
  /** While one client was greedy: the share of what the others asked the same route that was answered well, and what the greedy one got. */
  readonly besideTheGreedy: number;
  readonly greedy: Share;
  /** What the limit that adapts had found at the end of the spike; null where there is none. */
  readonly limit: number | null;
  /**
   * After the spike: in how many seconds each route answered again nine in ten of what it was asked, and went on so to
   * the end of the phase; undefined: not within the phase.
   */
  readonly recovered: ByRoute<number | undefined>;
  /** For how long the load generator was held up in the spike, in ms: when this is much, the machine had other work. */
  readonly heldUp: number;
  /** The most memory the gateway took, in bytes. */
  readonly memory: number;
}

export function findingsOf(run: RunResult): Findings {
  const spike = phaseOf(run, "spike");
  const greedy = phaseOf(run, "greedy");
  const slow = phaseOf(run, "slow");
  const dead = phaseOf(run, "dead");
  return {
    spike: byRoute((route) => spike.tallies[route].good / spike.seconds / run.capacity[route]),
    recovered: byRoute((route) => recoveredAfter(phaseOf(run, "after").tallies[route])),
    slow: byRoute((route) => answered(slow.tallies[route])),
    dead: byRoute((route) => answered(dead.tallies[route])),
    ...byImportance(spike.tallies[priorityRoute]),
    besideTheGreedy: answered(greedy.tallies[greedyRoute]),
    greedy: greedy.tallies[greedyRoute].greedy,
    limit: spike.seen[adaptiveRoute].limit,
    beforeTheDead: { ...dead.seen[deadRoute], ...dead.tallies[deadRoute] },
    heldUp: spike.heldUp,
    memory: Math.max(...run.phases.map(({ memory }) => memory)),
  };
}

/** The share that was answered well. */
function answered({ good, offered }: Share): number {
  return offered === 0 ? 1 : good / offered;
}

function byImportance({ offered, good, important }: Tally): Pick<Findings, "important" | "unimportant"> {
  const others = { offered: offered - important.offered, good: good - important.good };
  return { important: answered(important), unimportant: answered(others) };
}

export function phaseOf(run: RunResult, name: PhaseName): PhaseResult {
  return run.phases.find((phase) => phase.name === name)!;
}

/** From when on every slice has nine in ten answered, in seconds. */
export function recoveredAfter({ slices }: Pick<Tally, "slices">): number | undefined {
  const full = slices.filter(({ offered }) => offered > 0);
  const goodAtTheEnd = full.reduce((run, { offered, good }) => (good < 0.9 * offered ? 0 : run + 1), 0);
  return goodAtTheEnd === 0 ? undefined : ((full.length - goodAtTheEnd) * sliceMs) / 1000;
}

import { type ByMember, byMember, members, type PhaseName, terms, victim } from "./plan.ts";
import type { FleetRecord, PhaseTimes } from "./record.ts";

/** What was seen in a phase. Rates are in a second. */
export interface PhaseSeen {
  readonly phase: PhaseTimes;
  readonly asked: number;
  /** How many requests the backend got, of each gateway. */
  readonly started: ByMember<number>;
  readonly refused: number;
  /** How many requests had neither an answer nor a refusal. */
  readonly failed: number;
  /** The slowest answer: ms; 0 where there was none. */
  readonly slowest: number;
  /** The most that the backend got in any second that ended in the phase. */
  readonly most: number;
}

/** The first and the last of several: ms. */
export type Range = readonly [first: number, last: number];

export interface FleetFindings {
  readonly phases: readonly PhaseSeen[];
  /** The most that the backend got in any second. */
  readonly most: number;
  /** How long after the store was paused, or went on, the gateways knew; undefined where not all of them did. */
  readonly noticedDown: Range | undefined;
  readonly noticedUp: Range | undefined;
  /** How many requests were in the gateway that was killed, and had no answer. */
  readonly cutOff: number;
  /** How often a gateway took the store for down while nobody had paused it. */
  readonly falseAlarms: number;
}

const second = 1_000;

/** How many requests may start in any second. */
const usual = Math.max(terms.burst, 1 + inTime(terms.hold)) + inTime(second);

/** The same, by what the store does: where it stops answering, nobody knows for `timeout`; where it goes on, all but the first may not know yet. */
export const mostAllowed = {
  usual,
  outage: Math.floor(usual + inTime(terms.timeout)),
  back: Math.floor(usual + inTime(second) * (1 - 1 / members.length)),
} as const;

/** How many requests may start in any second that ends in a phase. */
export function mostAllowedIn(phase: PhaseName): number {
  return phase === "outage" || phase === "back" ? mostAllowed[phase] : mostAllowed.usual;
}

function inTime(ms: number): number {
  return (terms.limit * ms) / terms.interval;
}

export function fleetFindings(record: FleetRecord): FleetFindings {
  const windows = countsInASecond(record.arrivals.map(([, at]) => at));
  const [outage, back] = [phaseOf(record, "outage"), phaseOf(record, "back")];
  return {
    phases: record.phases.map((phase) => seenIn(phase, record, windows)),
    most: Math.max(0, ...windows.map(({ count }) => count)),
    noticedDown: noticed(record, "down", outage),
    noticedUp: noticed(record, "up", back),
    cutOff: record.answers.filter(({ from, ending }) => from === victim && ending === "failed").length,
    falseAlarms: record.changes.filter(({ to, at }) => to === "down" && !(at >= outage.from && at < outage.to)).length,
  };
}

function phaseOf(record: Pick<FleetRecord, "phases">, name: PhaseName): PhaseTimes {
  return record.phases.find((phase) => phase.name === name)!;
}

function seenIn(phase: PhaseTimes, { arrivals, answers }: FleetRecord, windows: readonly Window[]): PhaseSeen {
  const within = (at: number) => at >= phase.from && at < phase.to;
  const perSecond = (count: number) => (count * second) / (phase.to - phase.from);
  const asked = answers.filter((answer) => within(answer.asked));
  const started = arrivals.filter(([, at]) => within(at));
  return {
    phase,
    asked: perSecond(asked.length),
    started: byMember((member) => perSecond(started.filter(([from]) => from === member).length)),
    refused: perSecond(asked.filter(({ ending }) => ending === "refused").length),
    failed: asked.filter(({ ending }) => ending === "failed").length,
    slowest: Math.max(0, ...asked.filter(({ ending }) => ending === "answered").map(({ took }) => took)),
    most: Math.max(0, ...windows.filter(({ end }) => within(end)).map(({ count }) => count)),
  };
}

interface Window {
  readonly end: number;
  readonly count: number;
}

/** How many there were in the second that ended with each of them. */
export function countsInASecond(times: readonly number[]): readonly Window[] {
  const sorted = [...times].sort((a, b) => a - b);
  let first = 0;
  return sorted.map((end, index) => {
    while (end - sorted[first]! >= second) first++;
    return { end, count: index - first + 1 };
  });
}

/** When each gateway first took the store for this, in the phase, counted from its beginning: 0 where it did already. */
function noticed({ changes }: FleetRecord, to: "up" | "down", phase: PhaseTimes): Range | undefined {
  const times = members.map((member) => {
    const own = changes.filter(({ of, at }) => of === member && at < phase.to);
    if (own.filter(({ at }) => at < phase.from).at(-1)?.to === to) return 0;
    const first = own.find((change) => change.to === to && change.at >= phase.from);
    return first === undefined ? Number.POSITIVE_INFINITY : first.at - phase.from;
  });
  const last = Math.max(...times);
  return Number.isFinite(last) ? [Math.min(...times), last] : undefined;
}

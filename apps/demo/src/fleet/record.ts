import type { Arrival } from "./messages.ts";
import type { Member, Phase } from "./plan.ts";

/** What a client got: the answer of the backend, a refusal of the limit (429), or something else. */
export type Ending = "answered" | "refused" | "failed";

export interface Answer {
  readonly from: Member;
  readonly asked: number;
  /** How long it took: ms. */
  readonly took: number;
  readonly ending: Ending;
}

/** A gateway takes the store for up, or for down. */
export interface StateChange {
  readonly of: Member;
  readonly to: "up" | "down";
  readonly at: number;
}

export interface PhaseTimes extends Phase {
  readonly from: number;
  readonly to: number;
}

/** All that was noted in a run. Times are those of `machineTime`. */
export interface FleetRecord {
  readonly phases: readonly PhaseTimes[];
  readonly arrivals: readonly Arrival[];
  readonly answers: readonly Answer[];
  readonly changes: readonly StateChange[];
}

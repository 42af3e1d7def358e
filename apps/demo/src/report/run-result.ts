import type { PhaseName } from "../plan.ts";
import type { ByRoute } from "../routes.ts";
import type { Tally } from "../load/tally.ts";

/** What was seen of one route in one phase, beside what its clients saw. */
export interface Seen {
  /** The most that waited in the gateway at a time. */
  readonly queued: number;
  /** The most that waited in the backend at a time. */
  readonly backendQueued: number;
  /** The most that the backend was being asked at a time. */
  readonly permits: number;
  readonly retries: number;
  readonly retriesDenied: number;
  readonly circuitOpened: number;
  readonly circuitRefused: number;
  /** The least that there was left for retries; null where there is no budget. */
  readonly budget: number | null;
  /** What a limit that adapts has found at the end; null where there is none. */
  readonly limit: number | null;
}

export interface PhaseResult {
  readonly name: PhaseName;
  readonly seconds: number;
  /** The most memory that the gateway's process took, in bytes. */
  readonly memory: number;
  readonly tallies: ByRoute<Tally>;
  /** For how long the load generator itself was held up at most, in ms. */
  readonly heldUp: number;
  readonly seen: ByRoute<Seen>;
}

export interface RunResult {
  readonly title: string;
  /** What each backend could do just before the spike, in good answers a second. */
  readonly capacity: ByRoute<number>;
  readonly phases: readonly PhaseResult[];
}

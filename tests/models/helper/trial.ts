import type { CallOptions, Service } from "@sluice/core";
import type { VirtualClock } from "@sluice/testing";
import type { Answer, Innermost } from "./innermost.ts";
import type { Model } from "./model.ts";
import type { Play } from "./play.ts";
import type { Step } from "./schedule.ts";

/** The layer under test, and how to compare it with its model. */
export interface Trial {
  readonly model: Model;
  readonly serviceFor: (who: number) => Service<number, Answer>;
  /** The counters, in the order of the model's. */
  readonly counters: () => readonly number[];
  /** Further actions by name, on the layer and the model. */
  readonly acts?: Readonly<Record<string, (step: Step, play: Play) => void>>;
  /** Further options of a call or a wait. */
  readonly optionsOf?: (who: number, step: Step) => CallOptions;
  /** Whether some reservations are blind. */
  readonly blind?: boolean;
  /** Makes room for all waiting callers, so that everything comes to rest. */
  readonly open?: () => void;
  /** The counters at rest, after {@link open}. */
  readonly idle: () => readonly number[];
  /** How many permits can be reserved then; the check tries at most 5. */
  readonly capacity: () => number;
  /** Whether no timer is armed that should not be. */
  readonly timers?: () => boolean;
  /** A further check at the end: returns a broken condition, or undefined. */
  readonly fault?: () => string | undefined;
  /** The line of each caller; default: one line for all. */
  readonly lineOf?: (who: number) => unknown;
  /** Whether the slot is kept until the body of an answer has ended. */
  readonly until?: boolean;
  /** Whether a caller may get the answer of work that was begun for another: the state then names that caller. */
  readonly shares?: boolean;
  /** A check between two turns of any schedule, such as that no caller waits where there is room: returns a broken condition, or undefined. */
  readonly wrong?: (play: Play) => string | undefined;
  /** A comparison with the model between two turns: returns a difference, or undefined. */
  readonly amiss?: () => string | undefined;
  /** One call may be several jobs. */
  readonly repeats?: boolean;
}

/** The given seams. */
export interface Seams {
  readonly clock: VirtualClock;
  readonly innermost: Innermost;
}

import type { CallOptions, Service } from "@sluice/core";
import type { VirtualClock } from "@sluice/testing";
import type { Answer, Innermost } from "./innermost.ts";
import type { Model } from "./model.ts";
import type { Play } from "./play.ts";
import type { Step } from "./schedule.ts";

/** What is tried: the real thing, and how the model of it is to be read. */
export interface Trial {
  readonly model: Model;
  readonly serviceFor: (who: number) => Service<number, Answer>;
  /** The counters, in the order in which the model lists its own. */
  readonly counters: () => readonly number[];
  /** What else can happen, by name: done to both. */
  readonly acts?: Readonly<Record<string, (step: Step, play: Play) => void>>;
  /** What a call or a wait is told beside its signal. */
  readonly optionsOf?: (who: number, step: Step) => CallOptions;
  /** Whether some reserve without naming a request. */
  readonly blind?: boolean;
  /** Makes room for whoever waits, so that all can come to rest. */
  readonly open?: () => void;
  /** The counters at rest, after {@link open}. */
  readonly idle: () => readonly number[];
  /** How many can be reserved at once then; no more than 5 are tried. */
  readonly capacity: () => number;
  /** Whether no timer is armed that should not be. */
  readonly timers?: () => boolean;
  /** What else must be so in the end: what is wrong, or nothing. */
  readonly fault?: () => string | undefined;
  /** Who is in one line with whom; default: all in one. */
  readonly lineOf?: (who: number) => unknown;
  /** Whether the slot is kept until the body of an answer has ended. */
  readonly until?: boolean;
  /** Whether a caller may have the answer of work that was begun for another: the states say whose it is. */
  readonly shares?: boolean;
  /** What must be so between two turns of any schedule, such as that nobody waits where there is room: what is wrong, or nothing. */
  readonly wrong?: (play: Play) => string | undefined;
  /** What is not as the model says, between two turns: what is wrong, or nothing. */
  readonly amiss?: () => string | undefined;
  /** One call may be several jobs. */
  readonly repeats?: boolean;
}

/** The given seams. */
export interface Seams {
  readonly clock: VirtualClock;
  readonly innermost: Innermost;
}

import type { RejectionWatch } from "../driver/rejection-watch.ts";
import type { Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import type { PromiseNumber } from "../promises/promises.ts";

/** A layer whose properties have all been detected. */
export interface Profile {
  readonly subject: Required<Subject>;
  readonly rejections: RejectionWatch;
}

/** The result of a check. */
export interface Observation {
  readonly breaches: readonly Breach[];
  /** Promises that do not apply to the layer, and why. */
  readonly notApplicable?: Iterable<readonly [PromiseNumber, string]>;
  /** A remark for the author on a promise that is held. */
  readonly remark?: readonly [PromiseNumber, string] | undefined;
}

/** A fixed schedule, for situations that random schedules seldom reach. */
export type Scenario = (profile: Profile) => Promise<Observation>;

export const nothingSeen: Observation = { breaches: [] };

export function notApplicable(number: PromiseNumber, why: string): Observation {
  return { breaches: [], notApplicable: [[number, why]] };
}

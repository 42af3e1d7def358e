import type { RejectionWatch } from "../driver/rejection-watch.ts";
import type { Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import type { PromiseNumber } from "../promises/promises.ts";

/** A layer of which all is known that is found out first. */
export interface Profile {
  readonly subject: Required<Subject>;
  readonly rejections: RejectionWatch;
}

/** What a check has seen. */
export interface Observation {
  readonly breaches: readonly Breach[];
  /** Promises that do not apply to the layer, and why. */
  readonly notApplicable?: Iterable<readonly [PromiseNumber, string]>;
  /** What the author should know of a promise that is held. */
  readonly remark?: readonly [PromiseNumber, string] | undefined;
}

/** A fixed schedule, for what random schedules seldom come by. */
export type Scenario = (profile: Profile) => Promise<Observation>;

export const nothingSeen: Observation = { breaches: [] };

export function notApplicable(number: PromiseNumber, why: string): Observation {
  return { breaches: [], notApplicable: [[number, why]] };
}

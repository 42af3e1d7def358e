import type { ReadyOptions } from "./service.ts";

/**
 * A line of callers that wait for a grant, such as a lease. It decides who is served next: first come, first served, by priority, the
 * newest first. In any order, no waiter is overtaken between its grant and the next inner line.
 */
export interface WaitingLine<Grant, in Req = any, out Err = never> {
  /** How many wait and can be served. */
  readonly size: number;
  /** Whether it refuses callers by itself, because they are too many or wait too long. It is read once. Default: it does not. */
  readonly bounded?: boolean | undefined;
  /**
   * Whether a newcomer with this request must not be served now: a caller waits whose turn is before it, or was granted and has not
   * moved on, which takes one microtask.
   */
  blocks(request?: Req): boolean;
  /**
   * Waits for a grant. The promise rejects with `signal.reason` as soon as the signal aborts, and with what the line refuses with. It may be
   * served as soon as this has returned: functions that are asked here may have made room.
   */
  join(options: ReadyOptions<Req>): Promise<Grant>;
  /** Serves the next waiter. Called only while `size` is above 0. */
  grant(grant: Grant): void;
  /** Carries in the types what the line itself refuses with; never there at run time. */
  readonly "~failure"?: (() => Err) | undefined;
}

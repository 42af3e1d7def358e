import type { ReadyOptions } from "./service.ts";

/**
 * A line of callers who wait for a grant, such as a lease. It decides who is served next: first come, first served, by priority, the
 * newest first. It keeps the other half of promise 4 in any order: no waiter is overtaken between its grant and the next line further inside.
 */
export interface WaitingLine<Grant, in Req = any> {
  /** How many wait and can be served. */
  readonly size: number;
  /** Whether it refuses, by itself, callers who are too many or wait for too long. It is looked at once. Default: it does not. */
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
}

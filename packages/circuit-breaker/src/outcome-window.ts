import { CountWindow, TimeWindow, type WindowCounts } from "@sluice/core/stats";

/** The recent outcomes of calls. Failures are shares from 0 to 1. */
export interface OutcomeWindow {
  /** Adds an outcome, and returns its mark. */
  add(now: number, failed: number, slow: boolean): number;
  /** Says that an outcome that was no failure is one; false where the window no longer holds it. */
  amend(mark: number, now: number, failed: number): boolean;
  at(now: number): WindowCounts;
  clear(): void;
}

/** The outcomes of the last `time` milliseconds. */
export function lastOf(time: number, buckets: number): OutcomeWindow {
  return new TimeWindow(time, buckets);
}

/** The last `calls` outcomes. */
export function lastCalls(calls: number): OutcomeWindow {
  const window = new CountWindow(calls);
  return {
    add: (_now, failed, slow) => window.add(failed, slow),
    amend: (mark, _now, failed) => window.amend(mark, failed),
    at: () => ({ calls: window.calls, failures: window.failures, slow: window.slow }),
    clear() {
      window.clear();
    },
  };
}

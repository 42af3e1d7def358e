import { processWide, report } from "@sluice/core/kit";

/** Hears of each wait, and each call, that a meter has timed. What it throws is reported as an unhandled rejection. */
type DurationListener = (meter: object, what: "wait" | "call", ms: number) => void;

interface DurationListeners {
  /** Replaced at each change. Undefined where there are none: that is all that a call pays for it. */
  all: readonly DurationListener[] | undefined;
}

/**
 * For exporters that have to record each call, because they cannot read snapshots. They do not import this package, and find it by this
 * name.
 */
const listeners = processWide<DurationListeners>("meter-durations", { all: undefined });

/** Tells of a wait or a call that has ended, in the async context of its caller. */
export function announceDuration(meter: object | undefined, what: "wait" | "call", ms: number): void {
  const { all } = listeners;
  if (all === undefined || meter === undefined) return;
  for (const listener of all) {
    try {
      listener(meter, what, ms);
    } catch (error) {
      report(error);
    }
  }
}

import { type Clock, systemClock } from "../contract/clock.ts";

/** Only to be compared with: fake timers put others in its place. */
const ownSetTimeout = globalThis.setTimeout;

/** Whether a test may move time on in any turn: by a clock of its own, or by fake timers. */
export function isVirtual(clock: Clock): boolean {
  return clock !== systemClock || globalThis.setTimeout !== ownSetTimeout;
}

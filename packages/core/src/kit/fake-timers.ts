import { type Clock, systemClock } from "../contract/clock.ts";
import { timersEndWithRequests } from "./request-timers.ts";

/** The function that was looked at last, and what was found: fake timers come and go with a function of their own. */
let seen: unknown;
let faked = false;

/**
 * Whether the timers in place are not the platform's: those of a test runner, which may be moved on in any turn, and cleared. Asked
 * whenever a timer is armed, so that it does not matter who was loaded first. What cannot be told is taken for a fake, which costs some
 * speed and nothing else; and so are timers that end with a request.
 */
export function areTimersFaked(): boolean {
  const { setTimeout } = globalThis;
  if (setTimeout !== seen) {
    seen = setTimeout;
    faked = !isOfPlatform(setTimeout);
  }
  return faked;
}

/** The function that sets timers now: another one once fake timers have come or gone. */
export function timersInPlace(): unknown {
  return globalThis.setTimeout;
}

/** Whether a test may move time on in any turn: by a clock of its own, or by fake timers. */
export function isVirtual(clock: Clock): boolean {
  return clock !== systemClock || areTimersFaked();
}

/** Not one that ends with a request, which another request cannot rely on. Not a function of sinon's (vitest, Jest), which has a `clock`, nor a mock, nor bound, as node:test's is. */
function isOfPlatform(setTimeout: typeof globalThis.setTimeout): boolean {
  if (timersEndWithRequests) return false;
  if (setTimeout.name !== "setTimeout" || "clock" in setTimeout || "mock" in setTimeout) return false;
  // Written in JavaScript in Node.js, where it can be promisified, and nowhere else.
  return Symbol.for("nodejs.util.promisify.custom") in setTimeout || nativeCode.test(String(setTimeout));
}

const nativeCode = /\{\s*\[native code\]\s*\}$/;

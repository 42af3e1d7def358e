/** Where a layer reads time and sets timers. A stack shares one; tests give it a virtual one. */
export interface Clock {
  /** Milliseconds on a scale that only moves forward. Only differences mean anything. */
  now(): number;
  /** Runs `run` once, `ms` milliseconds from now (0 to 2^31-1). */
  setTimeout(run: () => void, ms: number): unknown;
  /** Forgets a timer; does nothing when it has fired. */
  clearTimeout(handle: unknown): void;
}

/** The longest time a timer can be set for, in milliseconds: 2^31-1, about 24.8 days. */
export const longestTimer: number = 2 ** 31 - 1;

/** The process's own time: `performance.now()` and the global timers, looked up at each call so that fake timers work. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (handle) => {
    clearTimeout(handle as Parameters<typeof clearTimeout>[0]);
  },
};

/*
 * Reading the time costs a stack more than most layers do (40 to 50 ns each time; `pnpm bench composed`), and between its
 * edge and its innermost service hardly anything but layers runs. So one reading of the system clock serves all of them.
 */
const passage = {
  open: false,
  /** The system's time, once it was read; below 0 before. A number always: one kept in a variable is made anew at each change. */
  time: -1,
};

/** A call, or a question for readiness, enters a stack. Until {@link leaveLayers} all that is done is done in one go. */
export function enterLayers(): void {
  passage.open = true;
  passage.time = -1;
}

/** It has come to where other code may run for any time, or it has left the stack. */
export function leaveLayers(): void {
  passage.open = false;
}

/** The time for a layer on the way in: the same for all that a call passes in one go, unless their clock is a virtual one. */
export function timeOf(clock: Clock): number {
  if (!passage.open || clock !== systemClock) return clock.now();
  if (passage.time < 0) passage.time = systemClock.now();
  return passage.time;
}

/** Only to be compared with: fake timers put others in its place. */
const ownSetTimeout = globalThis.setTimeout;

/** Whether a test may move time on in any turn: by a clock of its own, or by fake timers. */
export function isVirtual(clock: Clock): boolean {
  return clock !== systemClock || globalThis.setTimeout !== ownSetTimeout;
}

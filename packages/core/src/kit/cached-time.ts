import { type Clock, systemClock } from "../contract/clock.ts";

/*
 * Reading the time costs a stack more than most layers do (40 to 50 ns each time; `pnpm bench composed`), and between its
 * edge and its innermost service hardly anything but layers runs. So one reading of the system clock serves all of them.
 */
const passage = {
  open: false,
  /** How many there were: a small integer, so that counting allocates nothing. */
  number: 0,
  /** The system's time, once it was read; below 0 before. A number always: one kept in a variable is made again at each change. */
  time: -1,
};

/**
 * Starts one cached reading of the system clock, for the synchronous pass of a call or a question through a stack. It lasts until
 * {@link leaveLayers}.
 */
export function enterLayers(): void {
  passage.open = true;
  passage.number = (passage.number + 1) | 0;
  passage.time = -1;
}

/**
 * Which passage this is. A `call` asks `tryReserve` and, in vain, `reserve` in one passage: so an observer can tell a refusal that
 * stays one from one that becomes a wait. What is asked after the end of a passage, by a timer for instance, is in none of those
 * before: the end has a number of its own.
 */
export function passageNumber(): number {
  return passage.number;
}

/** Drops the cached reading. Called before user code, which may take any time, and at the end of the pass. */
export function leaveLayers(): void {
  passage.open = false;
  passage.number = (passage.number + 1) | 0;
}

/**
 * The time, for a layer on the way in: one reading of the system clock serves all layers that a call passes synchronously. A virtual
 * clock is read each time.
 */
export function timeOf(clock: Clock): number {
  if (!passage.open || clock !== systemClock) return clock.now();
  if (passage.time < 0) passage.time = systemClock.now();
  return passage.time;
}

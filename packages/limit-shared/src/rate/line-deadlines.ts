import type { Lease } from "@sluice/core";
import type { Line } from "@sluice/core/kit";

/** What is known of those in line. */
export interface Dates {
  /** When the one behind `before` others can start, at the earliest; undefined where that is not known. */
  readonly dateOf: (before: number) => number | undefined;
  /** What is said to one who could start in `retryAfter` ms. */
  readonly refusal: (retryAfter: number) => Error;
}

/** When the last of those in line no longer wants to start; Infinity where somebody waits without end, or nobody does. */
export function patienceOf(line: Line<Lease>): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (const { options } of line) {
    if (options.deadline === undefined) return Number.POSITIVE_INFINITY;
    latest = Math.max(latest, options.deadline);
  }
  return latest === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : latest;
}

/** Refuses those in line who cannot start by their deadline. */
export function refuseLate(line: Line<Lease>, now: number, { dateOf, refusal }: Dates): void {
  let before = 0;
  for (const waiter of line) {
    const { deadline = Number.POSITIVE_INFINITY } = waiter.options;
    const date = deadline === Number.POSITIVE_INFINITY ? undefined : dateOf(before);
    if (date !== undefined && Math.max(date, now) > deadline) line.refuse(refusal(Math.max(0, date - now)), waiter);
    else before++;
  }
}

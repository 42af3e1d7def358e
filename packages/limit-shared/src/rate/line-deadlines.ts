import type { Lease } from "@sluice/core";
import type { Line } from "@sluice/core/kit";

/** Dates and refusals for the callers in line. */
export interface Dates {
  /** The earliest start of the caller behind `before` others; undefined where that is not known. */
  readonly dateOf: (before: number) => number | undefined;
  /** The refusal of a caller who could start in `retryAfter` ms. */
  readonly refusal: (retryAfter: number) => Error;
}

/** The latest deadline of the callers in line; Infinity where one has no deadline, or the line is empty. */
export function patienceOf(line: Line<Lease>): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (const { options } of line) {
    if (options.deadline === undefined) return Infinity;
    latest = Math.max(latest, options.deadline);
  }
  return line.size > 0 ? latest : Infinity;
}

/** Refuses the callers in line who cannot start by their deadline. */
export function refuseLate(line: Line<Lease>, now: number, { dateOf, refusal }: Dates): void {
  let before = 0;
  for (const waiter of line) {
    const { deadline = Infinity } = waiter.options;
    const date = deadline === Infinity ? undefined : dateOf(before);
    if (date !== undefined && Math.max(date, now) > deadline) line.refuse(refusal(Math.max(0, date - now)), waiter);
    else before++;
  }
}

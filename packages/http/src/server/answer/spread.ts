import { longestTimer, readOption, requireDuration, show } from "@sluice/core/kit";

/**
 * What a refusal says where nobody knows when there will be room: milliseconds. A number is said as it is; a range is drawn from, so
 * that callers who were refused together do not come back together.
 */
export type RetryAfterSpread = number | { readonly min: number; readonly max: number };

/** A time of whole seconds in the range, in milliseconds. */
export type Spread = () => number;

/** @throws TypeError | RangeError when it is no time, or no range of times */
export function readSpread(owner: string, value: RetryAfterSpread = { min: 1_000, max: 3_000 }): Spread {
  if (typeof value !== "object" || value === null) {
    const ms = requireDuration(owner, "retryAfter", value);
    return () => ms;
  }
  const min = readOption(owner, value, "min", "retryAfter");
  const max = readOption(owner, value, "max", "retryAfter");
  if (!isTime(min) || !isTime(max) || min > max) {
    throw new TypeError(
      `${owner}: retryAfter must be a time in ms, or { min, max } with min at most max; received ${show(value)} with min ${show(min)} and max ${show(max)}`,
    );
  }
  // The header says whole seconds: each of them is as likely as the others.
  const [first, last] = [Math.ceil(min / 1_000), Math.ceil(max / 1_000)];
  return () => (first + Math.floor(Math.random() * (last - first + 1))) * 1_000;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= longestTimer;
}

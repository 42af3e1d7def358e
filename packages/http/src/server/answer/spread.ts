import { readOptions, requireDuration, show } from "@sluice/core/kit";

/**
 * What a refusal says where nobody knows when there will be room: milliseconds. A number is said as it is; a range is drawn from, so
 * that callers who were refused together do not come back together.
 */
export type RetryAfterSpread = number | { readonly min: number; readonly max: number };

/** A time of whole seconds in the range, in milliseconds. */
export type Spread = () => number;

/** @throws TypeError | RangeError when it is no time, or `min` is above `max` */
export function readSpread(owner: string, value: RetryAfterSpread = { min: 1_000, max: 3_000 }): Spread {
  if (typeof value !== "object" || value === null) {
    const ms = requireDuration(owner, "retryAfter", value);
    return () => ms;
  }
  const range = readOptions(`${owner}: retryAfter`, value, ["min", "max"]);
  const min = requireDuration(owner, "retryAfter.min", range.min);
  const max = requireDuration(owner, "retryAfter.max", range.max);
  if (min > max) throw new RangeError(`${owner}: retryAfter.min must be at most max, ${max}; received ${show(min)}`);
  // The header says whole seconds: each of them is as likely as the others.
  const [first, last] = [Math.ceil(min / 1_000), Math.ceil(max / 1_000)];
  return () => (first + Math.floor(Math.random() * (last - first + 1))) * 1_000;
}

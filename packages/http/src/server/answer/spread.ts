import { longestTimer, readOption, requireDuration, show } from "@sluice/core/kit";

/**
 * The `Retry-After` of a refusal that has no time of its own: milliseconds. A fixed number, or a range from which a random one is drawn, so
 * that callers that were refused together do not return together.
 */
export type RetryAfterSpread = number | { readonly min: number; readonly max: number };

/** Draws a time: milliseconds. */
export type Spread = () => number;

/** @throws TypeError | RangeError when it is not a time or a range of times */
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
  // The header has whole seconds, each with the same probability.
  const [first, last] = [Math.ceil(min / 1_000), Math.ceil(max / 1_000)];
  return () => (first + Math.floor(Math.random() * (last - first + 1))) * 1_000;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= longestTimer;
}

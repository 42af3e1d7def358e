/**
 * How long a member counts as one after its last question, in milliseconds: twice the limit's own time (the interval of a rate, the `ttl`
 * of slots), at least 10 s and at most 10 min. A rate removes expired members only once in that time, and so counts them for up to twice as
 * long.
 */
export function memberSpan(ms: number): number {
  return Math.min(Math.max(2 * ms, 10_000), 600_000);
}

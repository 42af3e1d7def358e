/**
 * For how long one who asked is counted as a member, whether it has anything or not: twice the limit's own time (the interval of a rate, the
 * `ttl` of slots), at least 10 s and at most 10 min. A rate looks for those who are gone as seldom as that, and so counts them for up to
 * twice as long.
 */
export function memberSpan(ms: number): number {
  return Math.min(Math.max(2 * ms, 10_000), 600_000);
}

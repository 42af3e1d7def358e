/**
 * The rules of a rate, as simple as possible: a list of all starts, which each question iterates. Times are whole milliseconds, and
 * `interval / limit` must also be whole, so that a check of each millisecond misses nothing.
 */
export interface RateRules {
  readonly limit: number;
  readonly interval: number;
  readonly burst: number;
}

export type RateAlgorithm = "sliding-window" | "token-bucket" | "fixed-window";

/** How many more may start at `now`, after `starts`. */
type Room = (rules: RateRules, starts: readonly number[], now: number) => number;

/** By the name of the algorithm. */
export const rooms: Readonly<Record<RateAlgorithm, Room>> = {
  "sliding-window": ({ limit, interval }, starts, now) =>
    limit - starts.filter((start) => start + interval > now).length,

  "token-bucket": ({ limit, interval, burst }, starts, now) => {
    // In fractions of a token: `interval` of them are one token, so that all numbers are whole.
    let parts = burst * interval;
    let last = 0;
    const fill = (time: number): void => {
      parts = Math.min(burst * interval, parts + (time - last) * limit);
      last = time;
    };
    for (const start of starts) {
      fill(start);
      parts -= interval;
    }
    fill(now);
    return Math.floor(parts / interval);
  },

  "fixed-window": ({ limit, interval }, starts, now) => {
    let end = Number.NEGATIVE_INFINITY;
    let used = 0;
    for (const start of starts) {
      if (start >= end) {
        end = start + interval;
        used = 0;
      }
      used++;
    }
    return now < end ? limit - used : limit;
  },
};

/** By how many starts the bound of an algorithm is exceeded at most, over all spans that begin with a start. */
export function excess(
  algorithm: RateAlgorithm,
  starts: readonly number[],
  { limit, interval, burst }: RateRules,
): number {
  const over = starts.flatMap((from, first) => {
    const inSpan = starts.slice(first).filter((start) => start < from + interval).length;
    if (algorithm === "sliding-window") return [inSpan - limit];
    if (algorithm === "fixed-window") return [inSpan - 2 * limit];
    return starts.slice(first).map((to, more) => more + 1 - burst - (limit * (to - from)) / interval);
  });
  return Math.max(0, ...over);
}

import type { Call } from "./settings.ts";
import type { Seen } from "./fleet.ts";

/** The admitted calls of all members: when each was requested, started and ended. */
export function letIn(seen: readonly Seen[]): readonly (readonly [asked: number, started: number, ended: number])[] {
  return seen.flatMap(({ calls }) => calls.filter((call) => call.length === 3)).sort((a, b) => a[1] - b[1]);
}

/** How many calls failed, by the code of the error. */
export function failures(seen: readonly Seen[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const call of seen.flatMap(({ calls }) => calls) as readonly Call[]) {
    if (call.length === 2) counts.set(call[1], (counts.get(call[1]) ?? 0) + 1);
  }
  return counts;
}

/** The smallest burst with which a bucket of this rate would have admitted these starts. */
export function neededBurst(starts: readonly number[], limit: number, interval: number): number {
  let missing = 0;
  let most = 0;
  let last = starts[0] ?? 0;
  for (const start of starts) {
    missing = Math.max(0, missing - ((start - last) * limit) / interval) + 1;
    last = start;
    most = Math.max(most, missing);
  }
  return most;
}

/** How many calls ran at the same time, at most, between the two times. */
export function mostAtOnce(
  calls: readonly (readonly [asked: number, started: number, ended: number])[],
  from = Number.NEGATIVE_INFINITY,
  to = Number.POSITIVE_INFINITY,
): number {
  const edges = calls.flatMap(([, started, ended]): [number, number][] => [
    [started, 1],
    [ended, -1],
  ]);
  // At equal times, an end counts before a start.
  edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let running = 0;
  let most = 0;
  for (const [time, change] of edges) {
    running += change;
    if (time >= from && time <= to) most = Math.max(most, running);
  }
  return most;
}

/** How many calls started in a second, on average between the two times. */
export function perSecond(starts: readonly number[], from: number, to: number): number {
  return (starts.filter((start) => start >= from && start < to).length * 1_000) / (to - from);
}

/** The quantile of the values. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

/** Jain's index: 1 where all members have the same, 1/n where one of n has everything. */
export function fairness(shares: readonly number[]): number {
  const sum = shares.reduce((all, share) => all + share, 0);
  const squares = shares.reduce((all, share) => all + share * share, 0);
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}

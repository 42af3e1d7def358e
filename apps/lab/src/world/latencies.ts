import { quantile, quantileSorted, sort } from "d3-array";

/** The latency in ms that the share `p` of them does not exceed; 0 where there are none. */
export function percentile(latencies: readonly number[], p: number): number {
  return quantile(latencies, p) ?? 0;
}

/** The shares that latencies are drawn at, up to one in a thousand. */
const shares = [0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999] as const;

/** Latencies as a line of a chart: which one in so many is slower, and how slow. */
export function tailOf(latencies: readonly number[]): [oneIn: number, ms: number][] {
  const sorted = sort(latencies);
  return shares
    .filter((share) => sorted.length * (1 - share) >= 1)
    .map((share) => [Math.round(1 / (1 - share)), quantileSorted(sorted, share)!]);
}

/** Which share of `all` passes. */
export function shareOf<T>(all: readonly T[], passes: (each: T) => boolean): number {
  return all.length === 0 ? 0 : all.filter(passes).length / all.length;
}

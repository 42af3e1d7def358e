const { SLUICE_SCHEDULES = "10000" } = process.env;

/**
 * How many of `count` random schedules are run: all, or a tenth with SLUICE_SCHEDULES=1000, the number for each model (default 10,000). For
 * the second Node of `npm test`, where each promise costs several times as much.
 */
export function schedules(count: number): number {
  return Math.ceil(count * Math.min(Number(SLUICE_SCHEDULES) / 10_000, 1));
}

/** How many threads hash on a machine with so many cores. The gateway sizes its limit by it. */
export function hashThreads(cores: number): number {
  return Math.min(2, Math.max(1, cores - 1));
}

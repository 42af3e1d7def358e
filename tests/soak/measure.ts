/** New resources that keep the process alive. */
export function resources(): (before?: readonly string[]) => string[] {
  const atStart = process.getActiveResourcesInfo();
  return () => {
    const rest = [...atStart];
    return process.getActiveResourcesInfo().filter((name) => {
      const at = rest.indexOf(name);
      if (at >= 0) rest.splice(at, 1);
      return at < 0;
    });
  };
}

/** The slope of the least-squares line through the points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(points.map(([x]) => x));
  const level = mean(points.map(([, y]) => y));
  const over = points.reduce((sum, [x, y]) => sum + (x - middle) * (y - level), 0);
  return over / points.reduce((sum, [x]) => sum + (x - middle) ** 2, 0);
}

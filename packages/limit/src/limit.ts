/** Lets a number of calls run at once, or start in a span of time, and lines up the rest. */
export function limit(): string {
  return "limit";
}

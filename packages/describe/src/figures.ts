import type { StackNode } from "./stack-node.ts";

/** How many branches are drawn, and how much of a map: a table may have thousands. JSON has all branches. */
export const mostBranches = 20;

/**
 * What a node was made with, and what it counts, in words: `max 64, active 3`. What it is set to now hides what it was made with. Shares and
 * times are read to a thousandth.
 */
export function figuresOf({ facts, numbers }: StackNode): readonly string[] {
  const made = Object.entries(facts).filter(([name, fact]) => fact !== undefined && !(name in numbers));
  return [...made, ...Object.entries(numbers)].map(
    ([name, figure]) => `${name} ${typeof figure === "number" ? Math.round(figure * 1_000) / 1_000 : figure}`,
  );
}
